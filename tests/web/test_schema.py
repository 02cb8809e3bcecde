"""Whatever the OpenAPI description allows, and whatever it forbids: no fault, and answers as it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from served import TALK, analyzed, listening
from served import settings as served_settings

from juqing.web import create_app


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, str]]:
    app = create_app(served_settings(tmp_path_factory.mktemp("schema")))
    with listening(app) as address, httpx2.Client(base_url=address) as client:
        id = analyzed(client, "talk.txt", TALK.encode())
        yield address, id, client.get(f"/api/scripts/{id}").json()["job"]["id"]


@pytest.fixture
def api_schema(served: tuple[str, str, str]) -> Any:
    return schemathesis.openapi.from_url(f"{served[0]}/api/openapi.json")


schema = schemathesis.pytest.from_fixture("api_schema")
CHECKS: list[CheckFunction] = [
    schemathesis.checks.not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance
]  # fmt: skip


@schema.parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_operation(case: schemathesis.Case, served: tuple[str, str, str]) -> None:
    _, script, job = served
    # Ids that are there, or everything would end in 404; deleting keeps those that are made up.
    if case.method != "DELETE" and "{id}" in case.path and len(str(case.path_parameters.get("id", ""))) == 32:
        case.path_parameters["id"] = job if "/jobs/" in case.path else script
    if "compare" in case.path and isinstance(case.query, dict):
        case.query.update({name: script for name in ("a", "b") if len(str(case.query.get(name, ""))) == 32})
    response = case.call()
    case.validate_response(response, checks=CHECKS)
