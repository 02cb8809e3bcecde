import os

import pytest

from juqing.errors import OutputError
from juqing.outputs import check_kept, check_writable, writing, writing_folder


def test_nothing_is_left_when_writing_fails(tmp_path):
    target = tmp_path / "a" / "report.html"
    with pytest.raises(RuntimeError), writing(target) as aside:
        aside.write_text("half")
        raise RuntimeError
    assert list((tmp_path / "a").iterdir()) == []


def test_an_older_file_survives_a_failure(tmp_path):
    target = tmp_path / "t.csv"
    target.write_text("old")
    with pytest.raises(OutputError, match="No space"), writing(target) as aside:
        aside.write_text("new")
        raise OSError(28, "No space left on device")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_written_with_the_usual_permissions(tmp_path):
    with writing(tmp_path / "t.csv") as aside:
        aside.write_text("x")
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "t.csv").stat().st_mode & 0o777 == 0o666 & ~umask


def test_what_is_read_is_kept(tmp_path):
    (tmp_path / "a.txt").write_text("一")
    (tmp_path / "link.txt").symlink_to(tmp_path / "a.txt")
    for path in ("a.txt", "link.txt"):
        with pytest.raises(OutputError, match="would be overwritten"):
            check_kept(tmp_path / path, [None, 3, "a" * 9999, [tmp_path / "a.txt"]])
    check_kept(tmp_path / "new.txt", [tmp_path / "a.txt"])
    check_kept(tmp_path, [tmp_path])


def test_a_folder_of_something_else_is_kept(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_text("")
    (tmp_path / "photos" / "config.json").write_text("{}")
    with pytest.raises(OutputError, match="something else"), writing_folder(tmp_path / "photos", ["config.json"]):
        pass
    assert (tmp_path / "photos" / "a.jpg").exists()


def test_a_folder_that_is_no_model_is_kept(tmp_path):
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(OutputError, match=r"README\.md"), writing_folder(tmp_path, ["config.json", "README.md"]):
        pass
    assert (tmp_path / "README.md").read_text() == "mine"


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="is a file"):
        check_writable(tmp_path / "file" / "report.html")
    with pytest.raises(OutputError, match="folder"), writing(tmp_path):
        pass
