"""What the server counts, for Prometheus."""

from __future__ import annotations

import time
from collections import Counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BOUNDS = (0.01, 0.05, 0.1, 0.3, 1.0, 3.0)


class Metrics:
    """Counts of requests by route, and how long they took. A layer around the whole application.

    Args:
        app: What is counted.
        counts: Where the numbers are kept.
    """

    def __init__(self, app: ASGIApp, counts: Counts):
        self.app = app
        self.counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and count it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status = time.perf_counter(), 500

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, counted)
        finally:
            # The route, not the path: paths name scripts.
            route = getattr(scope.get("route"), "path", "other")
            self.counts.add(scope["method"] if route != "other" else "any", route, status, time.perf_counter() - start)


class Counts:
    """The numbers since the start."""

    def __init__(self) -> None:
        self.started = time.time()
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.seconds: dict[str, list[float]] = {}  # by route: how many within each bound, how many in all, sum

    def add(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self.requests[method, route, status] += 1
        row = self.seconds.setdefault(route, [0.0] * (len(_BOUNDS) + 2))
        for k, bound in enumerate(_BOUNDS):
            row[k] += seconds <= bound
        row[-2] += 1
        row[-1] += seconds

    def text(self, gauges: dict[str, float]) -> str:
        """All of it in the text format of Prometheus, with other numbers."""
        rows = ["# TYPE juqing_requests_total counter"]
        rows += [
            f'juqing_requests_total{{method="{method}",route="{route}",status="{status}"}} {n}'
            for (method, route, status), n in sorted(self.requests.items())
        ]
        rows.append("# TYPE juqing_request_seconds histogram")
        for route, row in sorted(self.seconds.items()):
            for bound, n in zip((*_BOUNDS, "+Inf"), row, strict=False):
                rows.append(f'juqing_request_seconds_bucket{{route="{route}",le="{bound}"}} {n:g}')
            rows.append(f'juqing_request_seconds_sum{{route="{route}"}} {row[-1]:.6f}')
            rows.append(f'juqing_request_seconds_count{{route="{route}"}} {row[-2]:g}')
        for name, value in {"juqing_started_seconds": self.started, **gauges}.items():
            rows.append(f"# TYPE {name.split('{')[0]} gauge")
            rows.append(f"{name} {value:.15g}")
        return "\n".join(dict.fromkeys(rows)) + "\n"
