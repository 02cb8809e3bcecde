"""Settings from files and the command line, and the folder of a run. Whole runs are in `training/test_run.py` and `pretraining/`."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from juqing.errors import InputError, OutputError, TrainingError
from juqing.runs import RunFolder, parse_settings, read_settings, reporting


@dataclass(frozen=True)
class Config:
    name: str = ""
    count: int = 1
    rate: float = 0.5
    tied: bool = True
    layers: tuple[int, ...] = ()


def test_settings_of_a_file(tmp_path):
    path = tmp_path / "preset.toml"
    path.write_text('name = "a"\ncount = 3\nrate = 1\ntied = false\nlayers = [0, 2]\n', encoding="utf-8")
    values = read_settings(Config, path)
    assert values == {"name": "a", "count": 3, "rate": 1, "tied": False, "layers": (0, 2)}
    assert Config(**values).layers == (0, 2)


def test_settings_of_the_command_line():
    given = ["name=a b", "count = 3", "rate=1e-4", "tied=false", "layers=[0, 2]"]
    assert parse_settings(Config, given) == {
        "name": "a b", "count": 3, "rate": 1e-4, "tied": False, "layers": (0, 2)
    }  # fmt: skip
    assert parse_settings(Config, ["name=3"]) == {"name": "3"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("count", "--set is 'count'. Write NAME=VALUE"),
        ("cuont=3", "no setting 'cuont'. Known are name, count, rate, tied, layers"),
        ("count=many", "count is 'many'. It must be of type int"),
        ("count=2.5", "count is 2.5"),
        ("count=true", "count is True"),
        ("tied=1", "tied is 1"),
        ("layers=3", "layers is 3"),
        ("layers=['a']", "layers is ['a']"),
        ("rate=", "rate is ''"),
    ],
)
def test_settings_that_are_wrong(given, message):
    with pytest.raises(InputError) as caught:
        parse_settings(Config, [given])
    assert message in str(caught.value)


def test_a_folder_that_is_there(tmp_path):
    def folder(resume: bool, **asked: object) -> RunFolder:
        return RunFolder({"seed": 1, **asked}, tmp_path / "a", resume=resume, is_main=True, minutes=5)

    folder(False).begin()
    assert [path.name for path in tmp_path.iterdir()] == ["a.run"]
    with pytest.raises(TrainingError, match="an interrupted run is there"):
        folder(False)
    with pytest.raises(TrainingError, match="asked for something else: seed, text"):
        folder(True, seed=2, text="x")
    folder(True).discard()
    assert list(tmp_path.iterdir()) == []


def test_rates_are_those_of_the_steps_since_the_last_row(tmp_path):
    run = RunFolder({}, tmp_path / "a", resume=False, is_main=True, minutes=5)
    run.begin()
    run.since -= 10
    rows = []
    run.log = lambda row, part, step: rows.append((row, part, step))  # type: ignore[method-assign]
    for step in (1, 2, 3):
        run.tick({"step": step}, tokens=50)
    assert [(part, step) for _, part, step in rows] == [("train", 1)]
    assert rows[0][0]["tokens_per_second"] == pytest.approx(5, rel=0.1)


def test_errors_of_a_full_disk(tmp_path):
    with pytest.raises(OutputError, match="No space left"), reporting(tmp_path):
        raise RuntimeError("[enforce fail] No space left on device")
    with pytest.raises(RuntimeError, match="something else"), reporting(tmp_path):
        raise RuntimeError("something else")
