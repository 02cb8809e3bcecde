"""The public face: a short list of names, and a start without heavy packages."""

import subprocess
import sys

from conftest import FEATURE, SHORT

import juqing


def test_public_names():
    names = "Cue EMOTIONS EmotionScores JuqingError Line Recognizer Scene Script level_probabilities load read_script read_scripts write_script"
    assert sorted(juqing.__all__) == names.split()
    for name in juqing.__all__:
        assert getattr(juqing, name) is not None


def test_three_lines():
    script = juqing.read_script(FEATURE)
    scores = juqing.load().score(script)
    rows = scores.table()
    assert len(rows) == script.n_cues == len(scores.values)
    assert {"id", "scene", "character", "text", "love", "sorrow"} <= set(rows[0])


def loaded_after(code: str) -> set[str]:
    out = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sorted(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.split(".")[0] for name in out.stdout.split()}


def test_import_is_light():
    assert not loaded_after("import juqing") & {"numpy", "typer", "rich", "jinja2", "sklearn"}


def test_help_loads_no_numbers():
    assert not loaded_after("import juqing.cli") & {"numpy", "jinja2", "sklearn", "torch"}


def test_analyzing_needs_the_core_alone(tmp_path):
    code = f"""
import juqing, pathlib
from juqing.report import write_report, write_table
scores = juqing.load().score(juqing.read_script({str(FEATURE)!r}))
write_report(scores, pathlib.Path({str(tmp_path)!r}) / 'r.html')
for suffix in ('.csv', '.xlsx', '.jsonl', '.parquet'):
    write_table([scores], pathlib.Path({str(tmp_path)!r}) / ('t' + suffix))
"""
    assert not loaded_after(code) & {"torch", "numba", "sklearn", "scipy", "pandas", "lxml"}


def test_serving_needs_no_training_packages(tmp_path):
    code = f"""
from starlette.testclient import TestClient
from juqing.web import Settings, create_app
from pathlib import Path
with TestClient(create_app(Settings('sqlite:///{tmp_path}/j.sqlite3', n_workers=1)), base_url='http://127.0.0.1') as client:
    job = client.post('/api/scripts', files={{'file': ('a.docx', Path({str(SHORT)!r}).read_bytes())}}).json()['job']['id']
    with client.stream('GET', f'/api/jobs/{{job}}/events') as events:
        assert '"state":"done"' in events.read().decode()
    script = client.get(f'/api/jobs/{{job}}').json()['script']
    for path in ('scenes', 'lines', 'cast', 'scores', 'scores?format=xlsx', 'arcs', 'moments', 'pairs', 'report.html'):
        assert client.get(f'/api/scripts/{{script}}/{{path}}').status_code == 200
    assert client.get('/').status_code == client.get(f'/scripts/{{script}}').status_code == 200
import juqing.web.worker
"""
    assert not loaded_after(code) & {"torch", "numba", "sklearn", "scipy", "pandas", "lxml", "onnxruntime"}
