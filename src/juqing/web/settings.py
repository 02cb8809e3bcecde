"""What a server is told when it starts."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from juqing.reading.limits import MAX_SCRIPT_BYTES
from juqing.runtime import DEFAULT


@dataclass(frozen=True, slots=True)
class Settings:
    """Plain values.

    Attributes:
        database_url: As for `juqing.store.open_database`.
        model: Name of a shipped model or a model folder, for uploads that name none.
        host: The address to listen at.
        token: What others must know to use it; None only on a loopback address.
        n_workers: Processes that read and score; with 0 uploads wait until another server on the same database works them off.
        max_upload: Largest file, in bytes.
        max_queued: How many scripts may wait to be analyzed; uploads beyond are refused.
        job_seconds: How long one analysis may take; the worker is killed then, and another takes its place.
        rate: Requests a second that one client may make in the long run; eight times as many at once.
    """

    database_url: str
    model: str = DEFAULT
    host: str = "127.0.0.1"
    token: str | None = None
    n_workers: int = 1
    max_upload: int = MAX_SCRIPT_BYTES
    max_queued: int = 1000
    job_seconds: float = 3600.0
    rate: float = 50.0

    def __post_init__(self) -> None:
        if self.token is None and not is_loopback(self.host):
            raise ValueError(f"{self.host} can be reached by others: it needs a token")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
