"""Whatever the OpenAPI description allows, and whatever it forbids: no fault, and answers as it says."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, cast

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
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


UNHURRIED = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
CHECKS: list[Any] = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance
]  # fmt: skip


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
def test_every_operation(served: tuple[str, str, str], mode: schemathesis.GenerationMode) -> None:
    address, script, job = served
    schema = schemathesis.openapi.from_url(f"{address}/api/openapi.json")
    operations = [cast(Any, each).ok() for each in schema.get_all_operations()]
    assert len(operations) > 20
    for operation in operations:

        @settings(max_examples=8, deadline=None, database=None, suppress_health_check=UNHURRIED)
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: schemathesis.Case) -> None:
            # Ids that are there, or everything would end in 404; deleting keeps those that are made up.
            if case.method != "DELETE" and len(str(case.path_parameters.get("id", ""))) == 32:
                case.path_parameters["id"] = job if "/jobs/" in case.path else script
            if "compare" in case.path and isinstance(case.query, dict):
                case.query.update({name: script for name in ("a", "b") if len(str(case.query.get(name, ""))) == 32})
            case.call_and_validate(checks=CHECKS, timeout=300)

        with contextlib.suppress(Unsatisfiable):  # nothing that is forbidden can be made of no parameters
            check()
