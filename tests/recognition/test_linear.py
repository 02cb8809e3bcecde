"""What the linear rungs share: the folder, and that scoring needs NumPy alone."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import SHORT
from recognition.rungs import learned

from juqing.recognition._folder import check_shapes
from juqing.recognition.averaged import AveragedRecognizer
from juqing.recognition.frequency import FrequencyRecognizer
from juqing.recognition.svd import SvdRecognizer
from juqing.vectors.table import WordVectors


def test_shapes():
    arrays = {"a": np.zeros((3, 2)), "b": np.zeros(2)}
    check_shapes(arrays, {"a": ("n", "dim"), "b": ("dim",)})
    check_shapes(arrays, {"a": (3, 2)}, n=9)
    with pytest.raises(ValueError, match="b has the shape"):
        check_shapes(arrays, {"a": ("dim", 2), "b": ("dim",)})
    with pytest.raises(ValueError, match="a has the shape"):
        check_shapes(arrays, {"a": ("n", "dim")}, n=4)
    with pytest.raises(ValueError, match="a has the shape"):
        check_shapes(arrays, {"a": ("n",)})
    with pytest.raises(KeyError):
        check_shapes(arrays, {"c": ("n",)})


def test_scoring_needs_numpy_alone(table, tmp_path):
    vectors = WordVectors(["。", "：", "笑", "哭"], np.eye(4))
    rungs = (FrequencyRecognizer(), SvdRecognizer(dim=3), AveragedRecognizer(vectors))
    for rung in rungs:
        (tmp_path / rung.kind).mkdir()
        learned(rung, table).save(tmp_path / rung.kind)
    code = f"""
import sys
import juqing
script = juqing.read_script({str(SHORT)!r})
for kind in {[rung.kind for rung in rungs]}:
    juqing.load({str(tmp_path)!r} + '/' + kind).score(script)
print(*sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {name.split(".")[0] for name in done.stdout.split()} & {"torch", "numba", "sklearn", "scipy"}
