"""``weighin run``: what is read and written, and what is left when it ends early."""

from __future__ import annotations

import json
import sys

import pytest
from running import drawn_texts, result

import weighin


def test_an_interrupt_while_looking_further_keeps_the_weights(cli, learner, games, tmp_path, monkeypatch):
    import weighin._cli.further as further

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(further, "effects", interrupted)
    ran = cli("run", learner, games, "--trust", "--n-repeats", 5)
    assert ran.code == 130
    assert "importance.html lack effects and associations.\n" in ran.err
    imp = result(tmp_path)
    assert imp.complete
    assert imp.directions == {}
    assert 'id="effects"' not in (tmp_path / "importance.html").read_text(encoding="utf-8")


def test_no_page_where_none_is_wanted(cli, learner, games, tmp_path):
    ran = cli("run", learner, games, "--trust", "--n-repeats", 1, "--no-page")
    assert "Written: importance.json and importance.png." in ran.out
    assert not (tmp_path / "importance.html").exists()


def test_open_shows_the_page(cli, learner, games, tmp_path, monkeypatch):
    import webbrowser

    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
    assert cli("run", learner, games, "--trust", "--n-repeats", 1, "--open").code == 0
    assert opened == [(tmp_path / "importance.html").as_uri()]


def test_without_the_extra_the_page_has_no_scripts(cli, learner, games, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    ran = cli("run", learner, games, "--trust", "--n-repeats", 1)
    assert ran.code == 0, ran.err
    page = (tmp_path / "importance.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert page.count("<picture>") >= 1


@pytest.mark.parametrize("taken", ["importance.json", "importance.png", "importance.html"])
def test_existing_outputs_are_left_and_refused_before_any_work(cli, tmp_path, taken):
    (tmp_path / taken).write_text("precious")
    (tmp_path / "learner.pkl").write_bytes(b"not looked into")
    (tmp_path / "games.parquet").write_bytes(b"not looked into")
    ran = cli("run", "learner.pkl", "games.parquet", "--trust")
    assert ran.code == 1
    assert f"Already there, left as it is: {taken}. Pass --force to replace." in ran.err
    assert (tmp_path / taken).read_text() == "precious"


def test_an_input_that_is_not_there_is_said_before_an_output_that_is(cli, learner, games, tmp_path):
    (tmp_path / "importance.json").write_text("precious")
    for names in (("lerner.pkl", games), (learner, "game.parquet")):
        ran = cli("run", *names, "--trust")
        assert ran.code == 1
        assert "No such file: " in ran.err
        assert "Did you mean" in ran.err


def test_force_replaces_them(cli, learner, games, tmp_path):
    (tmp_path / "importance.json").write_text("old")
    (tmp_path / "importance.png").write_text("old")
    assert cli("run", learner, games, "--trust", "--force", "--n-repeats", 1).code == 0
    assert result(tmp_path).n_repeats == 1
    assert (tmp_path / "importance.png").read_bytes().startswith(b"\x89PNG")


def test_force_keeps_the_old_ones_when_the_run_fails(cli, learner, games, tmp_path):
    (tmp_path / "importance.json").write_text("old")
    assert cli("run", learner, games, "--trust", "--force", "--metric", "nonsense").code == 1
    assert (tmp_path / "importance.json").read_text() == "old"


def test_without_a_terminal_a_pickle_is_refused(cli, learner, games, tmp_path):
    ran = cli("run", learner, games)
    assert ran.code == 1
    assert "pass --trust" in ran.err
    assert not (tmp_path / "importance.json").exists()


def test_at_a_terminal_it_is_asked_for(cli, learner, games, tmp_path):
    ran = cli("run", learner, games, "--n-repeats", 1, answer="n\n")
    assert ran.code == 1
    assert not (tmp_path / "importance.json").exists()
    ran = cli("run", learner, games, "--n-repeats", 1, answer="y\n")
    assert ran.code == 0
    assert (tmp_path / "importance.json").exists()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda folder: (folder / "learner.pkl").write_bytes(b"junk"),
            "learner.pkl' cannot be opened as a pickle",
        ),
        (lambda folder: (folder / "learner.pkl").unlink(), "No such file: "),
        (lambda folder: (folder / "games.parquet").write_bytes(b"junk"), "cannot be read as parquet"),
        (lambda folder: (folder / "games.parquet").unlink(), "No such file: "),
    ],
)
def test_files_that_cannot_be_used_are_said(cli, learner, games, tmp_path, make, message):
    make(tmp_path)
    ran = cli("run", learner, games, "--trust")
    assert ran.code == 1
    assert message in ran.err
    assert ran.out == ""
    assert not (tmp_path / "importance.json").exists()


def test_an_interrupt_leaves_a_partial_result_and_exit_code_130(cli, learner, games, tmp_path, monkeypatch):
    from rich.progress import Progress

    texts = drawn_texts(monkeypatch)

    def interrupt(bar, task, work=1):
        if work:
            raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "advance", interrupt)
    ran = cli("run", learner, games, "--trust")
    assert ran.code == 130
    assert ran.err == (
        "Stopped early: importance.json, importance.png and importance.html lack the features that were not "
        "finished.\nInterrupted.\n"
    )
    assert "PARTIAL" in ran.out
    assert any("PARTIAL" in text for text in texts)
    imp = result(tmp_path)
    assert imp.complete is False
    assert json.loads((tmp_path / "importance.json").read_text())["complete"] is False
    assert (tmp_path / "importance.png").exists()


@pytest.mark.parametrize("old", [None, "old"])
@pytest.mark.parametrize("part", ["_display.charts.save", "_results.importance.Importance.to_html"])
def test_an_interrupt_while_writing_leaves_all_files_or_none(
    cli, learner, games, tmp_path, monkeypatch, old, part
):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    outputs = [tmp_path / f"importance.{suffix}" for suffix in ("json", "png", "html")]
    if old:
        [path.write_text(old) for path in outputs]
    monkeypatch.setattr(f"weighin.{part}", interrupt)
    assert cli("run", learner, games, "--trust", "--force", "--n-repeats", 1).code == 130
    assert [path.read_text() if path.exists() else None for path in outputs] == [old, old, old]


class Panic(BaseException):
    """What the renderer of charts raises when it meets what it did not expect."""


def test_a_page_that_cannot_be_made_does_not_cost_the_numbers(cli, learner, games, tmp_path, monkeypatch):
    def panic(*args, **kwargs):
        raise Panic

    monkeypatch.setattr(weighin.Importance, "to_html", panic)
    with pytest.raises(Panic) as caught:
        cli("run", learner, games, "--trust", "--n-repeats", 1)
    assert caught.value.__notes__ == ["The numbers are in importance.json; chart and page could not be made."]
    assert result(tmp_path).complete
    assert not (tmp_path / "importance.png").exists()


def test_force_writes_through_a_link(cli, learner, games, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "real.json").write_text("old")
    (tmp_path / "importance.json").symlink_to("elsewhere/real.json")
    assert cli("run", learner, games, "--trust", "--force", "--n-repeats", 1).code == 0
    assert (tmp_path / "importance.json").is_symlink()
    assert result(tmp_path / "elsewhere", "real.json").n_repeats == 1


def test_an_interrupt_before_anything_is_done_leaves_nothing(cli, learner, games, tmp_path, monkeypatch):
    from weighin._tables import frames as _frames

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(_frames, "read_table", interrupt)
    ran = cli("run", learner, games, "--trust")
    assert ran.code == 130
    assert ran.err == "Interrupted.\n"
    assert not (tmp_path / "importance.json").exists()
