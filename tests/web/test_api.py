"""The API, with its workers, on a SQLite file."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import openpyxl
import pyarrow.parquet
import pytest
from conftest import ENGLISH, FEATURE, SHORT
from databases import cluster, file_bytes
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from served import HERE, TALK, analyzed, finished, settings, upload
from starlette.testclient import TestClient

import juqing
from juqing.analysis import main_characters, scene_means
from juqing.analysis.pairs import character_pairs
from juqing.emotions import EMOTION_NAMES
from juqing.reading import read_script
from juqing.reading.files import SUFFIXES, read_labeled
from juqing.report.tables import table_bytes
from juqing.scores import EmotionScores
from juqing.web import Settings, create_app


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    with TestClient(create_app(settings(folder)), base_url=HERE) as client:
        yield client


@pytest.fixture(scope="module")
def film(client: TestClient) -> str:
    return analyzed(client, FEATURE.name, FEATURE.read_bytes())


@pytest.fixture
def talk(client: TestClient) -> Iterator[str]:
    id = analyzed(client, "talk.txt", TALK.encode())
    yield id
    client.delete(f"/api/scripts/{id}")


@pytest.fixture(scope="module")
def scores() -> EmotionScores:
    return juqing.load("tfidf").score(read_script(FEATURE))


@pytest.mark.parametrize("path", [FEATURE, SHORT, ENGLISH], ids=lambda path: path.suffix)
def test_an_upload_gives_what_the_command_line_gives(client, path):
    id = analyzed(client, path.name, path.read_bytes())
    here = juqing.load("tfidf").score(read_script(path))
    rows = client.get(f"/api/scripts/{id}/scores").json()["rows"]
    assert [row["cue"] for row in rows] == list(range(here.script.n_cues))
    names = ("id", "scene", "line", "source_line", "character", "role", "by", "text", *EMOTION_NAMES)
    assert [[row[name] for name in names] for row in rows] == [[row[name] for name in names] for row in here.table()]


def test_tables_are_those_of_the_command_line(client, film, scores):
    script = msgspec.structs.replace(scores.script, source_name=FEATURE.name)
    here = EmotionScores(script, scores.values, scores.model)
    for suffix in ("csv", "jsonl"):
        answer = client.get(f"/api/scripts/{film}/scores?format={suffix}")
        assert answer.content == table_bytes([here], f".{suffix}")
        assert "filename*=UTF-8''%E5%9B%9E" in answer.headers["content-disposition"]
    rows = list(
        csv.DictReader(io.StringIO(client.get(f"/api/scripts/{film}/scores?format=csv").content.decode("utf-8-sig")))
    )
    sheet = openpyxl.load_workbook(io.BytesIO(client.get(f"/api/scripts/{film}/scores?format=xlsx").content))["cues"]
    parquet = pyarrow.parquet.read_table(io.BytesIO(client.get(f"/api/scripts/{film}/scores?format=parquet").content))
    assert len(rows) == sheet.max_row - 1 == parquet.num_rows == scores.script.n_cues


def test_the_header_accept_chooses_the_format(client, film):
    answer = client.get(f"/api/scripts/{film}/scores", headers={"Accept": "application/jsonl;q=0.9"})
    assert answer.headers["content-type"].startswith("application/jsonl")
    assert json.loads(answer.text.splitlines()[0])["script"] == "回声渡"
    assert client.get(f"/api/scripts/{film}/scores", headers={"Accept": "*/*"}).json()["model"] == "tfidf"


def test_text_is_taken_like_a_file(client):
    answer = client.post("/api/scripts", json={"name": "a/b\\talk.txt", "text": TALK})
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/api/jobs/{answer.json()['job']['id']}"
    assert answer.json()["script"]["name"] == "talk.txt"
    assert upload(client, "talk.txt", TALK.encode())["script"]["id"] == answer.json()["script"]["id"]
    finished(client, answer.json()["job"]["id"])
    client.delete(f"/api/scripts/{answer.json()['script']['id']}")


def test_events_tell_the_stages_and_end(client):
    job = upload(client, "long.txt", (TALK * 40).encode())["job"]["id"]
    with client.stream("GET", f"/api/jobs/{job}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line.startswith("data: ")]
    assert events[-1]["state"] == "done"
    assert [event["updated_at"] for event in events] == sorted(event["updated_at"] for event in events)
    with client.stream("GET", f"/api/jobs/{job}/events") as answer:  # of one that is over: its end at once
        assert "done" in answer.read().decode()


def test_what_cannot_be_read_says_why(client):
    for name, data, why in (
        ("a.pdf", b"%PDF-1.4 ...", "a PDF"),
        ("a.docx", b"PK\x03\x04 not a zip", "a.docx"),
        ("prose.txt", "今天天气很好。\n没有人说话。\n".encode(), "no character"),
        ("a.json", b"{}", "not a script"),
    ):
        job = finished(client, upload(client, name, data)["job"]["id"])
        assert job["state"] == "failed"
        assert why in job["error"] and re.match(
            "[^A-Za-z]", job["error_chinese"].partition("：")[2] or job["error_chinese"]
        )


@pytest.mark.parametrize(
    ("ask", "status"),
    [
        (dict(content=b""), 415),
        (dict(content=b"x", headers={"Content-Type": "text/plain"}), 415),
        (dict(content=b"{", headers={"Content-Type": "application/json"}), 422),
        (dict(json={"text": ""}), 422),
        (dict(json={"text": "甲：你好\ud800"}), 422),
        (dict(json={"text": TALK, "model": "none"}), 422),
        (dict(files={"file": ("a.txt", b" \n")}), 422),
        (dict(files={"other": ("a.txt", b"x")}), 422),
        (dict(data={"file": "x"}, files={}), 415),
        (dict(content=b"--x\r\n", headers={"Content-Type": "multipart/form-data; boundary=y"}), 400),
        (dict(content=b"x" * 100, headers={"Content-Type": "multipart/form-data"}), 400),
        (dict(files=[("file", ("a.txt", b"x")), ("file", ("b.txt", b"y"))]), 400),
    ],
)  # fmt: skip
def test_uploads_that_are_none(client, ask, status):
    if "json" in ask:
        ask = {"content": json.dumps(ask["json"]).encode(), "headers": {"Content-Type": "application/json"}}
    answer = client.post("/api/scripts", **ask)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status and answer.json()["detail"]
    assert re.search("[\u4e00-\u9fff]", answer.json()["chinese"])


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(max_size=40) | st.sampled_from([f"a{suffix}" for suffix in SUFFIXES]),
    data=st.binary(max_size=400)
    | st.sampled_from([TALK.encode("utf-16"), TALK.encode("gb18030")[:-1], SHORT.read_bytes()[:900]]),
    raw=st.booleans(),
)
def test_any_upload_is_accepted_or_refused_and_leaves_no_file(client, folder, tmp_path_factory, name, data, raw):
    if raw:
        ask = {"content": data, "headers": {"Content-Type": "multipart/form-data; boundary=b"}}
    else:
        head = (
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="'
            + name.encode("utf-8", "replace")
            + b'"\r\n\r\n'
        )
        ask = {
            "content": head + data + b"\r\n--b--\r\n",
            "headers": {"Content-Type": "multipart/form-data; boundary=b"},
        }
    answer = client.post("/api/scripts", **ask)
    assert answer.status_code in (202, 400, 422), answer.text
    if answer.status_code == 202:
        job = finished(client, answer.json()["job"]["id"])
        assert job["state"] in ("done", "failed")
        assert "fault of juqing" not in job["error"], job
        client.delete(f"/api/scripts/{answer.json()['script']['id']}")
    assert {file.name.removeprefix("juqing.sqlite3") for file in folder.iterdir()} <= {"", "-wal", "-shm"}


def test_pages_of_scripts_scenes_and_lines(client, film, scores):
    analyzed(client, "talk.txt", TALK.encode())
    seen, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/api/scripts?limit=1{cursor and f'&cursor={cursor}'}").json()
        seen += [script["id"] for script in page["scripts"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) and film in seen
    assert client.get("/api/scripts?cursor=zz").status_code == 422

    script = scores.script
    lines, cursor = [], "0"
    while cursor is not None:
        page = client.get(f"/api/scripts/{film}/lines?limit=50&cursor={cursor}").json()
        lines += page["lines"]
        cursor = page["next"]
    assert [line["printed"] for line in lines] == [line.printed for line in script.lines]
    assert [cue["character"] for line in lines for cue in line["cues"]] == [cue.character for cue in script.cues]
    scenes = client.get(f"/api/scripts/{film}/scenes?limit=500").json()["scenes"]
    assert [scene["heading"] for scene in scenes] == [scene.label() for scene in script.scenes]
    third = client.get(f"/api/scripts/{film}/lines?scene=3").json()["lines"]
    assert [line["line"] for line in third] == list(range(scenes[2]["lines"][0], scenes[2]["lines"][1] + 1))
    assert client.get(f"/api/scripts/{film}/lines?scene=999").status_code == 404


def test_arcs_moments_and_pairs_are_those_of_the_analysis(client, film, scores):
    names = main_characters(scores.script)
    arcs = client.get(f"/api/scripts/{film}/arcs").json()["arcs"]
    assert [arc["character"] for arc in arcs] == list(names)
    means = scene_means(scores, names)
    for k, arc in enumerate(arcs):
        for scene, row in enumerate(arc["scenes"]):
            if row is None:
                assert np.isnan(means[k, scene]).all()
            else:
                np.testing.assert_allclose(row, means[k, scene], atol=0.0006)
    whole = client.get(f"/api/scripts/{film}/arcs?character=&smooth=0.5").json()
    assert whole["smooth"] == 0.5 and whole["arcs"][0]["character"] == ""
    assert client.get(f"/api/scripts/{film}/arcs?character=nobody").status_code == 404
    assert client.get(f"/api/scripts/{film}/arcs?smooth=0").status_code == 422

    moments = client.get(f"/api/scripts/{film}/moments?limit=5").json()["moments"]
    assert len(moments) == 5
    assert moments[0]["strength"] == pytest.approx(float(scores.values.max()), abs=0.0006)
    pairs = client.get(f"/api/scripts/{film}/pairs").json()["pairs"]
    assert [(pair["a"], pair["b"], len(pair["scenes"])) for pair in pairs] == [
        (pair.a, pair.b, len(pair.scenes)) for pair in character_pairs(scores, names)
    ]


def test_a_part_of_a_script(client, film, scores):
    script = scores.script
    part = {"interior": "外", "time": "夜"}
    scenes = {scene.index + 1 for scene in script.scenes if (scene.interior, scene.time) == ("外", "夜")}
    lines = {line.index + 1 for scene in script.scenes for line in scene.lines if scene.index + 1 in scenes}
    assert 0 < len(scenes) < len(script.scenes)

    def asked(what, **more):
        return client.get(f"/api/scripts/{film}/{what}", params={**part, **more}).json()

    (arc,) = asked("arcs", character="")["arcs"]
    assert set(arc["lines"]) <= lines and len(arc["lines"]) > 10
    moments = asked("moments", limit=50)
    assert {moment["scene"] for moment in moments["moments"]} <= scenes and len(moments["moments"]) == 50
    by_id = {row["cue"]: row for row in client.get(f"/api/scripts/{film}/scores?format=json").json()["rows"]}
    for moment in moments["moments"]:
        row = by_id[moment["cue"]]
        assert (row["line"], row["character"]) == (moment["line"], moment["character"])
        assert row[moment["emotion"]] == moment["strength"]
    assert all(set(pair["scenes"]) <= scenes for pair in asked("pairs")["pairs"])
    everybody = {row["name"]: row["n_cues"] for row in client.get(f"/api/scripts/{film}/cast").json()["characters"]}
    cast = {row["name"]: row["n_cues"] for row in asked("cast")["characters"]}
    assert set(cast) < set(everybody) and all(0 < n <= everybody[name] for name, n in cast.items())
    flagged = client.get(f"/api/scripts/{film}/moments?flag=flashback&limit=200").json()["moments"]
    assert {script.lines[moment["line"] - 1].flag for moment in flagged} == {"flashback"}
    nothing = {what: asked(what, place="天上") for what in ("arcs", "moments", "pairs", "cast")}
    assert [arc["lines"] for arc in nothing["arcs"]["arcs"]] == [[]] * len(nothing["arcs"]["arcs"])
    assert nothing["moments"] == {"moments": [], "swings": []}
    assert nothing["pairs"] == {"pairs": []} and nothing["cast"]["characters"] == []


def test_thresholds_of_moments(client, film):
    every = client.get(f"/api/scripts/{film}/moments?limit=200").json()
    strengths = [moment["strength"] for moment in every["moments"]]
    some = client.get(f"/api/scripts/{film}/moments?limit=200&least=1.0555&swing=0.7").json()
    assert (
        [moment["strength"] for moment in some["moments"]] == [each for each in strengths if each > 1.0555] != strengths
    )
    assert some["swings"] and all(abs(swing["change"]) >= 0.7 for swing in some["swings"])
    assert len(some["swings"]) < len(every["swings"])
    assert client.get(f"/api/scripts/{film}/moments?swing=0").status_code == 422


def test_a_merge_is_seen_everywhere_at_once(client, talk):
    before = client.get(f"/api/scripts/{talk}/cast").json()
    assert {person["name"] for person in before["characters"]} == {"甲", "乙"}
    rows = client.get(f"/api/scripts/{talk}/scores").json()["rows"]
    merged = client.put(f"/api/scripts/{talk}/cast", json={"aliases": {"乙": "甲"}}).json()
    assert [person["name"] for person in merged["characters"]] == ["甲"]
    assert merged["characters"][0]["merged"] == ["乙"]
    after = client.get(f"/api/scripts/{talk}/scores").json()["rows"]
    assert len(after) == len(rows) - 1
    both = [row for row in rows if row["text"] == "甲转身，乙追上。"]
    (one,) = [row for row in after if row["text"] == "甲转身，乙追上。"]
    for name in EMOTION_NAMES:
        assert one[name] == pytest.approx(sum(row[name] for row in both) / 2, abs=0.0011)
    assert "乙" not in {row["character"] for row in after}
    assert client.get(f"/api/scripts/{talk}/pairs").json()["pairs"] == []
    assert client.put(f"/api/scripts/{talk}/cast", json={"aliases": {"丙": "甲"}}).status_code == 422
    client.put(f"/api/scripts/{talk}/cast", json={"aliases": {}})
    assert client.get(f"/api/scripts/{talk}/scores").json()["rows"] == rows


def test_a_nickname_that_only_the_text_has_is_found_and_scored(client, tmp_path):
    path = tmp_path / "nick.txt"
    path.write_text(
        "1、渡口 日 外\n王建国：你好。\n小李：（怒）走开！\n△老王站起来，笑了。\n2、屋 夜 内\n△老王失声痛哭。\n"
    )
    id = analyzed(client, path.name, path.read_bytes())
    url = f"/api/scripts/{id}"

    def rows() -> list[dict[str, object]]:
        return [
            {k: v for k, v in row.items() if k not in ("cue", "file")}
            for row in client.get(f"{url}/scores").json()["rows"]
        ]

    def from_files(**aliases: tuple[str, ...]) -> list[dict[str, object]]:
        scores = juqing.load("tfidf").score(read_script(path, aliases=aliases))
        return [{k: v for k, v in row.items() if k != "file"} for row in scores.table()]

    before = rows()
    assert before == from_files() and len(before) == 2
    told = client.put(f"{url}/cast", json={"aliases": {"老王": "王建国"}}).json()
    assert told["pending"] == ["老王"] and told["aliases"] == {"老王": "王建国"}
    assert next(person for person in told["characters"] if person["name"] == "王建国")["merged"] == ["老王"]
    assert finished(client, told["job"])["state"] == "done"
    told = client.get(f"{url}/cast").json()
    assert told["pending"] == [] and told["job"] is None
    assert rows() == from_files(王建国=("老王",)) and len(rows()) == 4
    assert len(client.get(f"{url}/arcs?character=王建国").json()["arcs"][0]["lines"]) == 3
    cue = client.get(f"{url}/scores").json()["rows"][-1]["cue"]
    assert client.put(f"{url}/corrections", json={"cue": cue, "emotion": "sorrow", "value": 2.5}).status_code == 200
    assert rows()[-1]["sorrow"] == 2.5
    assert "2.5" in client.get(f"{url}/corrections.tsv").text.splitlines()[-1]
    assert client.put(f"{url}/cast", json={"aliases": {"老赵": "王建国"}}).status_code == 422
    assert client.put(f"{url}/cast", json={"aliases": {"老王": "赵"}}).status_code == 422
    assert client.put(f"{url}/cast", json={"aliases": {}}).json()["job"] is None
    assert rows() == before


def test_corrections_and_the_training_rows_made_of_them(client, talk, tmp_path):
    url = f"/api/scripts/{talk}"
    rows = client.get(f"{url}/scores").json()["rows"]
    cue = rows[2]["cue"]
    assert client.put(f"{url}/corrections", json={"cue": cue, "emotion": "anger", "value": 2.5}).status_code == 200
    client.put(f"{url}/corrections", json={"cue": cue, "emotion": "joy", "value": 0})
    assert client.get(f"{url}/scores").json()["rows"][2]["anger"] == 2.5
    corrected = [cue["corrected"] for line in client.get(f"{url}/lines").json()["lines"] for cue in line["cues"]]
    assert corrected[2] == ["joy", "anger"] and sum(map(len, corrected)) == 2

    answer = client.get(f"{url}/corrections.tsv")
    path = tmp_path / "rows.tsv"
    path.write_bytes(answer.content)
    (labeled,) = read_labeled(path)
    assert labeled.script.n_cues == len(rows)
    known = np.flatnonzero(~np.isnan(labeled.labels).any(axis=1)).tolist()
    assert [labeled.script.cues[k].character for k in known] == [rows[2]["character"]]
    assert labeled.labels[known[0], 3] == 2.5 and labeled.labels[known[0], 1] == 0
    assert labeled.labels[known[0], 4] == pytest.approx(rows[2]["fear"], abs=0.0006)

    assert client.delete(f"{url}/corrections/{cue}/anger").status_code == 200
    assert client.delete(f"{url}/corrections/{cue}/anger").status_code == 404
    assert client.get(f"{url}/scores").json()["rows"][2]["anger"] == rows[2]["anger"]
    for wrong in ({"cue": 999}, {"value": 4}, {"emotion": "hate"}):
        asked = {"cue": 0, "emotion": "joy", "value": 1, **wrong}
        assert client.put(f"{url}/corrections", json=asked).status_code == 422


def test_etags(client, talk):
    for path in ("", "/scenes", "/lines", "/cast", "/scores", "/arcs", "/moments", "/pairs", "/report.html"):
        first = client.get(f"/api/scripts/{talk}{path}")
        tag = first.headers["etag"]
        same = client.get(f"/api/scripts/{talk}{path}", headers={"If-None-Match": f'"other", W/{tag}'})
        assert same.status_code == 304 and not same.content
        assert same.headers["etag"] == tag
    tag = client.get(f"/api/scripts/{talk}/scores").headers["etag"]
    client.put(f"/api/scripts/{talk}/corrections", json={"cue": 0, "emotion": "joy", "value": 1})
    changed = client.get(f"/api/scripts/{talk}/scores", headers={"If-None-Match": tag})
    assert changed.status_code == 200 and changed.json()["rows"][0]["joy"] == 1


def test_a_draft_is_compared_with_the_next(client, talk):
    after = analyzed(client, "talk2.txt", TALK.replace("很高兴见到你", "很高兴又见到你").encode())
    found = client.get(f"/api/compare?a={talk}&b={after}").json()
    assert [scene["state"] for scene in found["scenes"]] == ["changed", "same"]
    assert [line["state"] for line in found["scenes"][0]["lines"]].count("changed") == 1
    same = client.get(f"/api/compare?a={talk}&b={talk}").json()
    assert {scene["change"] for scene in same["scenes"]} == {0}


def test_the_report_is_a_file_to_save(client, film):
    answer = client.get(f"/api/scripts/{film}/report.html")
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert "回声渡" in answer.text


def test_deleting(client, folder):
    secret = "滂沱悱恻"
    id = analyzed(client, "secret.txt", TALK.replace("你好", secret).encode())
    assert secret in client.get(f"/api/scripts/{id}/lines").text
    assert client.delete(f"/api/scripts/{id}").status_code == 204
    for path in ("", "/lines", "/scores", "/cast"):
        assert client.get(f"/api/scripts/{id}{path}").status_code == 404
    assert client.delete(f"/api/scripts/{id}").status_code == 404
    assert secret.encode() not in file_bytes(folder)


def test_a_running_job_is_canceled(client):
    job = upload(client, "long.txt", (TALK * 100).encode())["job"]["id"]
    while client.get(f"/api/jobs/{job}").json()["state"] == "queued":
        time.sleep(0.01)
    assert client.post(f"/api/jobs/{job}/cancel").status_code == 200
    assert finished(client, job)["state"] == "canceled"
    assert client.post(f"/api/jobs/{'0' * 32}/cancel").status_code == 404


def test_before_it_is_read_a_script_says_so(tmp_path):
    with TestClient(create_app(settings(tmp_path, n_workers=0)), base_url=HERE) as client:
        accepted = upload(client, "talk.txt", TALK.encode())
        id = accepted["script"]["id"]
        for path in ("scenes", "scores", "arcs", "report.html"):
            answer = client.get(f"/api/scripts/{id}/{path}")
            assert (answer.status_code, answer.headers["retry-after"]) == (409, "1")
        answer = client.get(f"/api/jobs/{accepted['job']['id']}")
        assert answer.json()["state"] == "queued"
        ended: list[str] = []

        def listen() -> None:
            with client.stream("GET", f"/api/jobs/{accepted['job']['id']}/events") as answer:
                ended.append(answer.read().decode())

        thread = threading.Thread(target=listen)
        thread.start()
        time.sleep(0.5)
        client.post(f"/api/jobs/{accepted['job']['id']}/cancel")
        thread.join(20)
        assert "canceled" in ended[0]


def test_models_health_and_metrics(client, film):
    models = client.get("/api/models").json()["models"]
    assert [model["name"] for model in models if model["default"]] == ["tfidf"]
    assert {"tfidf", "scene"} <= {model["name"] for model in models}
    assert client.get("/api/health").json() == {"status": "ok", "version": juqing.__version__, "workers": 1}
    client.get(f"/api/scripts/{film}/scores")
    text = client.get("/api/metrics").text
    assert 'juqing_requests_total{method="GET",route="/api/scripts/{id}/scores",status="200"}' in text
    assert 'juqing_jobs{state="done"}' in text
    assert film not in text


def test_a_worker_that_dies_is_replaced_and_its_job_done(client):
    app_workers = client.app.state.server.workers  # type: ignore[attr-defined]
    job = upload(client, "again.txt", (TALK * 60).encode())["job"]["id"]
    while client.get(f"/api/jobs/{job}").json()["state"] == "queued":
        time.sleep(0.01)
    for worker in app_workers._workers:
        worker.process.kill()
    ended = finished(client, job)
    assert ended["state"] == "done" and ended["attempts"] == 2


def test_the_same_on_postgresql():
    with cluster() as url, TestClient(create_app(Settings(url, model="tfidf", rate=1e6)), base_url=HERE) as client:
        id = analyzed(client, SHORT.name, SHORT.read_bytes())
        here = juqing.load("tfidf").score(read_script(SHORT))
        rows = client.get(f"/api/scripts/{id}/scores").json()["rows"]
        assert [[row[name] for name in EMOTION_NAMES] for row in rows] == [
            [row[name] for name in EMOTION_NAMES] for row in here.table()
        ]
        first, second = here.script.characters[:2]
        merged = client.put(f"/api/scripts/{id}/cast", json={"aliases": {second: first}}).json()
        assert second not in {person["name"] for person in merged["characters"]}
        assert client.delete(f"/api/scripts/{id}").status_code == 204
        assert client.get("/api/scripts").json() == {"scripts": [], "next": None}
