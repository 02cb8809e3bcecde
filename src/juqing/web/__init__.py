"""The page and the HTTP API: `create_app(Settings(...))` is the application, `juqing serve` runs it. Needs the extra `web`.

app         what belongs together: database, models, workers, routes
api         /api: uploads, scripts, scores, arcs, exports, jobs
pages       the HTML pages
work        starts worker processes, and tells who listens how far a job is
worker      one such process: reads and scores what is queued
guard       who may ask what: addresses, token, cross-site requests, sizes, rates; the headers of every answer
answers     problem+json, ETags, rendered answers kept
"""

from juqing.web.app import create_app
from juqing.web.settings import Settings

__all__ = ["Settings", "create_app"]
