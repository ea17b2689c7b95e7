"""Files are written whole or not at all."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import kills
from weighin import InputError, OutputExistsError
from weighin._base import journal
from weighin._base.files import check_free, check_there, read_text, replacing, together


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
    with replacing(Path("out.txt")) as temporary:
        temporary.write_text("new")
    assert contents(tmp_path) == {"out.txt": "new"}


@pytest.mark.parametrize("name", ["x" * 240 + ".json", "\N{SNOWMAN}" * 80 + ".json", "x." + "y" * 240])
def test_a_very_long_name(tmp_path, name):
    path = tmp_path / name
    with replacing(path) as temporary:
        temporary.write_text("new")
    assert contents(tmp_path) == {path.name: "new"}


def test_an_output_in_the_way_is_named_and_left(tmp_path):
    one, other = tmp_path / "one.json", tmp_path / "other.png"
    other.write_text("old")
    with pytest.raises(OutputExistsError, match=r"left as it is: .*other\.png\. Pass force=True to replace"):
        check_free(one, other)
    check_free(one, other, force=True)
    check_free(one)
    assert contents(tmp_path) == {"other.png": "old"}


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_is_no_output(tmp_path, force):
    with pytest.raises(InputError, match="is a folder"):
        check_free(tmp_path, force=force)


def test_an_output_without_a_folder_is_refused_and_no_folder_made(tmp_path):
    with pytest.raises(InputError, match=r"does not exist: .*nowhere'"):
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


@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_regular_file_is_no_output(tmp_path, force):
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(InputError, match="is not a regular file"):
        check_free(tmp_path / "pipe.json", force=force)
    with pytest.raises(InputError, match="is not a regular file"):
        check_there(tmp_path / "pipe.json")
    (tmp_path / "round.json").symlink_to(tmp_path / "round.json")
    with pytest.raises(InputError, match="leads back to itself"):
        check_free(tmp_path / "round.json", force=force)


def test_an_input_that_is_a_folder_is_said_to_be_one(tmp_path):
    (tmp_path / "rows.parquet").mkdir()
    with pytest.raises(InputError, match=r"rows\.parquet' is a folder, not a file\.$"):
        check_there(tmp_path / "rows.parquet")


def test_a_link_is_written_through(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    real, link = tmp_path / "elsewhere" / "real.json", tmp_path / "out.json"
    link.symlink_to("elsewhere/real.json")
    for text in ("made", "replaced"):
        check_free(link, force=True)
        with replacing(link) as temporary:
            temporary.write_text(text)
        assert link.is_symlink()
        assert real.read_text() == text
    assert sorted(os.listdir(tmp_path)) == ["elsewhere", "out.json"]
    assert os.listdir(tmp_path / "elsewhere") == ["real.json"]


def test_a_link_into_a_folder_that_is_not_there_is_refused(tmp_path):
    (tmp_path / "out.json").symlink_to(tmp_path / "nowhere" / "real.json")
    with pytest.raises(InputError, match=r"does not exist: .*nowhere'"):
        check_free(tmp_path / "out.json", force=True)


def test_a_file_that_is_replaced_keeps_its_rights(tmp_path):
    path = tmp_path / "out.json"
    path.write_text("old")
    path.chmod(0o640)
    with replacing(path) as temporary:
        temporary.write_text("new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


class TestTogether:
    """Several files: all of them, or none."""

    @pytest.fixture
    def paths(self, tmp_path):
        paths = [tmp_path / name for name in ("one", "two", "three")]
        paths[1].write_text("old")
        return paths

    def write(self, paths):
        for path in paths:
            with replacing(path) as temporary:
                temporary.write_text("new")

    def test_they_appear_at_the_end(self, tmp_path, paths):
        with together():
            self.write(paths)
            assert [path.exists() for path in paths] == [False, True, False]
            assert paths[1].read_text() == "old"
        assert contents(tmp_path) == {"one": "new", "two": "new", "three": "new"}

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
    def test_after_an_exception_nothing_has_changed(self, tmp_path, paths, error):
        def interrupted():
            with together():
                self.write(paths)
                raise error

        with pytest.raises(error):
            interrupted()
        assert contents(tmp_path) == {"two": "old"}

    def test_a_part_that_fails_is_left_out_and_the_rest_is_written(self, tmp_path, paths):
        def part():
            with together():
                self.write(paths[:2])
                raise ValueError

        with together():
            self.write(paths[2:])
            with pytest.raises(ValueError, match=r"^$"):
                part()
        assert contents(tmp_path) == {"two": "old", "three": "new"}

    def test_of_two_versions_of_one_file_the_later_counts(self, tmp_path, paths):
        with together():
            self.write(paths)
            with replacing(paths[0]) as temporary:
                temporary.write_text("newer")
        assert contents(tmp_path) == {"one": "newer", "two": "new", "three": "new"}

    @pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
    @pytest.mark.parametrize("nth", [0, 1, 2])
    def test_a_move_that_fails_takes_the_others_back(self, tmp_path, monkeypatch, paths, nth, error):
        move, moved = os.replace, []

        def fail(old, new):
            if len(moved) == nth and ".old" not in str(old):
                raise error
            moved.append(new)
            move(old, new)

        monkeypatch.setattr(os, "replace", fail)
        with pytest.raises(error), together():
            self.write(paths)
        assert contents(tmp_path) == {"two": "old"}

    def test_without_second_names_the_old_file_is_copied(self, tmp_path, monkeypatch, paths):
        def refuse(*names):
            raise OSError("this file system has no second names")

        monkeypatch.setattr(os, "link", refuse)
        with together():
            self.write(paths)
        assert contents(tmp_path) == {"one": "new", "two": "new", "three": "new"}

    def test_threads_write_on_their_own(self, tmp_path, paths):
        import threading

        with together():
            thread = threading.Thread(target=self.write, args=(paths[:2],))
            thread.start()
            thread.join()
            assert contents(tmp_path) == {"one": "new", "two": "new"}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed")
    ran = subprocess.run([sys.executable, kills.__file__, folder], capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)


@pytest.mark.slow
class TestKilled:
    """What a process that is gone left behind."""

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
    @pytest.mark.parametrize("scene", kills.SCENES)
    def test_the_next_one_finds_all_old_or_all_new(self, outcomes, scene):
        seen = outcomes[scene]["seen"]
        # first the old files, from some step on the new ones, and nothing else: neither mixed nor hidden files
        count = seen.count("old")
        assert seen == ["old"] * count + ["new"] * (len(seen) - count)
        assert count > 15
        assert len(seen) > count + 2
        assert sorted(outcomes[scene]["after"].values()) == ["new a.json", "new b.png", "new c.html"]

    def hidden(self, folder, pid, host=journal._HOST, name="out.json"):
        path = folder / f".{name}.weighin-{host}-{pid}-00000000-0.json"
        path.write_text("half")
        return path

    def gone(self):
        """A number that no process has."""
        process = subprocess.Popen([sys.executable, "-c", ""])
        process.wait()
        return process.pid

    def test_its_hidden_files_go_and_those_of_others_stay(self, tmp_path):
        gone = self.gone()
        # in a container every process may have the number of the one before
        left = [self.hidden(tmp_path, gone), self.hidden(tmp_path, os.getpid(), name="other")]
        stay = [
            self.hidden(tmp_path, os.getppid()),
            self.hidden(tmp_path, gone, host="00000000"),
            tmp_path / ".out.json.swp",
        ]
        stay[2].write_text("of an editor")
        check_free(tmp_path / "out.json")
        assert not any(path.exists() for path in left)
        assert all(path.exists() for path in stay)
        os.utime(stay[1], (0, 0))
        with replacing(tmp_path / "out.json") as temporary:
            temporary.write_text("new")
        assert (tmp_path / "out.json").read_text() == "new"

    def test_those_of_another_machine_go_after_a_day(self, tmp_path, monkeypatch):
        other = self.hidden(tmp_path, 1, host="00000000")
        monkeypatch.setattr(journal.time, "time", lambda: other.stat().st_mtime + 23 * 3600)
        journal.settle(tmp_path)
        assert other.exists()
        monkeypatch.setattr(journal.time, "time", lambda: other.stat().st_mtime + 25 * 3600)
        journal.settle(tmp_path)
        assert not other.exists()

    def test_a_file_that_somebody_changed_since_stays_as_it_is(self, tmp_path):
        names = {"target": "out.json", "old": ".out.json.old"}
        (tmp_path / names["target"]).write_text("changed since")
        place = self.hidden(tmp_path, self.gone(), name="files").with_suffix(".journal")
        entry = [names["target"], "none", None, [3, 0]]
        place.write_text(json.dumps({"places": [place.name], "files": [entry]}))
        check_there(tmp_path / "out.json")
        assert (tmp_path / "out.json").read_text() == "changed since"
        assert not place.exists()

    def test_a_folder_that_is_moved_is_put_right_too(self, tmp_path):
        folder = tmp_path / "before"
        folder.mkdir()
        (folder / "one").write_text("new")
        state = (folder / "one").stat()
        pid = self.gone()
        old = self.hidden(folder, pid, name="one").with_suffix(".old")
        old.write_text("old")
        place = self.hidden(folder, pid, name="files").with_suffix(".journal")
        entry = ["one", "none", old.name, [state.st_size, state.st_mtime_ns]]
        place.write_text(json.dumps({"places": [place.name], "files": [entry]}))
        folder.rename(tmp_path / "after")
        assert read_text(tmp_path / "after" / "one") == "old"
        assert contents(tmp_path / "after") == {"one": "old"}


def _write_three(folder, name):
    for _ in range(15):
        with together():
            for suffix in "abc":
                with replacing(folder / suffix) as temporary:
                    temporary.write_text(name)


@pytest.mark.slow
def test_processes_that_write_the_same_files_leave_those_of_one(tmp_path):
    import multiprocessing

    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=_write_three, args=(tmp_path, str(number))) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]
    assert len({path.read_text() for path in tmp_path.iterdir()}) == 1
