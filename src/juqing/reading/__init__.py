"""Files to scripts: every format ends in the same `Script`, and nothing after this package knows the format."""

from juqing.reading.files import find_scripts, read_script, read_scripts, read_text

__all__ = ["find_scripts", "read_script", "read_scripts", "read_text"]
