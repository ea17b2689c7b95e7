"""Files are written whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import pytest

from weighin import InputError, OutputExistsError
from weighin._base.files import check_free, replacing


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_new_file_appears_only_at_the_end(tmp_path):
    path = tmp_path / "out.json"
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".json"
    assert contents(tmp_path) == {"out.json": "new"}


def test_an_old_file_is_replaced_in_one_step(tmp_path):
    path = tmp_path / "out.json"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert contents(tmp_path) == {"out.json": "new"}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("old", [None, "old"])
def test_an_exception_leaves_the_old_file_and_nothing_else(tmp_path, error, old):
    path = tmp_path / "out.json"
    if old is not None:
        path.write_text(old)

    def write_half():
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        write_half()
    assert contents(tmp_path) == ({} if old is None else {"out.json": old})


def test_a_failing_move_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "out.json"
    path.write_text("old")

    def fail(*args):
        raise OSError("no space")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no space"), replacing(path) as temporary:
        temporary.write_text("new")
    assert contents(tmp_path) == {"out.json": "old"}


def test_the_file_gets_the_rights_any_new_file_gets(tmp_path):
    (tmp_path / "plain").write_text("")
    with replacing(tmp_path / "out.json") as temporary:
        temporary.write_text("new")
    assert stat.S_IMODE((tmp_path / "out.json").stat().st_mode) == stat.S_IMODE(
        (tmp_path / "plain").stat().st_mode
    )


def test_a_name_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from pathlib import Path

    with replacing(Path("out.txt")) as temporary:
        temporary.write_text("new")
    assert contents(tmp_path) == {"out.txt": "new"}


def test_a_very_long_name(tmp_path):
    path = tmp_path / ("x" * 240 + ".json")
    with replacing(path) as temporary:
        temporary.write_text("new")
    assert contents(tmp_path) == {path.name: "new"}


def test_an_output_in_the_way_is_named_and_left(tmp_path):
    one, other = tmp_path / "one.json", tmp_path / "other.png"
    other.write_text("old")
    with pytest.raises(OutputExistsError, match=r"left as it is: .*other\.png\. Pass --force"):
        check_free(one, other)
    check_free(one, other, force=True)
    check_free(one)
    assert contents(tmp_path) == {"other.png": "old"}


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_is_no_output(tmp_path, force):
    with pytest.raises(InputError, match="is a folder"):
        check_free(tmp_path, force=force)


def test_an_output_without_a_folder_is_refused_and_no_folder_made(tmp_path):
    with pytest.raises(InputError, match=r"nowhere' does not exist"):
        check_free(tmp_path / "nowhere" / "out.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_that_takes_no_files_is_said_before_any_work(tmp_path, monkeypatch, force):
    def refuse(*args, dir=None, **options):
        raise PermissionError(13, "Permission denied", f"{dir}/tmpsecret")

    check_free(tmp_path / "out.json", force=force)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(InputError) as caught:
        check_free(tmp_path / "out.json", force=force)
    assert str(caught.value) == f"Nothing can be written in the folder '{tmp_path}': Permission denied."
    assert caught.value.__suppress_context__


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no /proc here")
def test_a_folder_that_really_takes_no_files():
    with pytest.raises(InputError, match=r"in the folder '/proc': "):
        check_free(Path("/proc/out.json"))


def test_a_dangling_link_in_the_way_is_an_output_too(tmp_path):
    link = tmp_path / "out.json"
    link.symlink_to(tmp_path / "gone.json")
    with pytest.raises(OutputExistsError):
        check_free(link)
