"""Scripts, their scores and the work on them in a database: SQLite by default, PostgreSQL by URL. The SQL is the same for both.

scripts ─┬─ scenes ── lines ── cues        a script as it was read, row by row; `load_script` gives the same `Script` again
         ├─ runs ── scores                 what one model said of its cues: a script, a model and the names given to it meet once
         ├─ jobs                           the queue: what is to be read and scored, and how far it is
         └─ aliases, corrections           what the user changed; applied when scores are read, never written into them

A script is named by its content (`script_id`), so the same file is stored once. Deleting a script deletes its rows in every table.
"""

from juqing.store.database import UNAVAILABLE, default_url, open_database, reading, writing
from juqing.store.edits import Edited, load_edited
from juqing.store.migrations import apply_migrations

__all__ = [
    "UNAVAILABLE",
    "Edited",
    "apply_migrations",
    "default_url",
    "load_edited",
    "open_database",
    "reading",
    "writing",
]
