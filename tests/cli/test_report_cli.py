"""``weighin report``: a page from a file."""

from __future__ import annotations

import webbrowser

import numpy as np
import pytest

import weighin

pytestmark = pytest.mark.slow


@pytest.fixture
def result(tmp_path):
    """A result in the folder the command runs in."""
    names, values = ("spread", "week", "elo"), np.array([[2.0], [1.0], [-0.1]])
    weighin.Importance(names, values, 12.5, "mae", False, 730, simulated=True).save(
        tmp_path / "importance.json"
    )
    return tmp_path / "importance.json"


def test_the_page_goes_beside_the_result(cli, result):
    ran = cli("report", "importance.json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "Written: importance.html.\n"
    html = result.with_suffix(".html").read_text(encoding="utf-8")
    assert "SIMULATED DATA." in html
    assert "spread" in html


def test_the_page_goes_where_it_is_told(cli, result, tmp_path):
    assert cli("report", result, "-o", tmp_path / "page.html").code == 0
    assert (tmp_path / "page.html").exists()
    assert not result.with_suffix(".html").exists()


def test_a_page_that_is_there_stays_unless_forced(cli, result):
    page = result.with_suffix(".html")
    page.write_text("precious")
    ran = cli("report", result)
    assert ran.code == 1
    assert "Already there, left as it is" in ran.err
    assert page.read_text() == "precious"
    assert cli("report", result, "--force").code == 0
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_open_shows_the_page(cli, result, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
    assert cli("report", result, "--open").code == 0
    assert opened == [result.with_suffix(".html").resolve().as_uri()]


def test_where_nothing_can_be_opened_the_place_is_told(cli, result, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    ran = cli("report", result, "--open")
    assert ran.code == 0
    assert f"the page is {result.with_suffix('.html').resolve()}." in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["importanc.json"], "No such file: 'importanc.json'. Did you mean 'importance.json'?"),
        (["importance.json", "-o", "page.pdf"], "--out must end in .html, got 'page.pdf'."),
        (["importance.json", "-o", "nowhere/page.html"], "The folder of the output"),
        (["other.json"], "is not a result of weighin"),
        (["importance.json", "--also", "none.json"], "No such file: 'none.json'"),
        (["importance.json", "--also", "other.json"], "is not a result"),
    ],
)
def test_mistakes_are_one_message_and_leave_nothing(cli, result, tmp_path, arguments, message):
    (tmp_path / "other.json").write_text("{}")
    ran = cli("report", *arguments)
    assert ran.code == 1
    assert message in ran.err
    assert ran.err.count("\n") == 1
    assert not list(tmp_path.rglob("*.html"))


def other_results():
    """A result of each kind that takes no training."""
    rows = np.random.default_rng(0).normal(size=(60, 2))
    imp = weighin.Importance(("x0", "x1"), np.array([[2.0], [1.0]]), 12.5, "mae", False, 730)
    return {
        "effects": weighin.effects(lambda rows: rows[:, 0], rows, random_state=0),
        "associations": weighin.associations(rows, random_state=0),
        "comparison": weighin.compare(imp, imp),
    }


@pytest.mark.parametrize("kind", ["effects", "associations", "comparison"])
def test_a_page_of_every_kind_of_result(cli, tmp_path, kind):
    other_results()[kind].save(tmp_path / "other.json")
    ran = cli("report", "other.json")
    assert (ran.code, ran.err, ran.out) == (0, "", "Written: other.html.\n")
    assert "x1" in (tmp_path / "other.html").read_text(encoding="utf-8")


def test_one_page_of_several_results_and_a_light_one(cli, result, tmp_path):
    others = other_results()
    for kind in ("effects", "comparison"):
        others[kind].save(tmp_path / f"{kind}.json")
    assert (
        cli("report", result, "--also", "effects.json", "--also", "comparison.json", "-o", "all.html").code
        == 0
    )
    page = (tmp_path / "all.html").read_text(encoding="utf-8")
    assert others["comparison"].tell().title in page
    assert cli("report", result, "--also", "comparison.json", "--light", "-o", "light.html").code == 0
    light = (tmp_path / "light.html").read_text(encoding="utf-8")
    assert "<script" not in light
    assert len(light.encode()) <= 200_000
    assert others["comparison"].tell().title in light


def test_a_file_of_something_else_is_refused(cli, tmp_path):
    (tmp_path / "other.json").write_text('{"format": "weighin.weigh"}')
    assert (
        "'other.json' is not a result of weighin: its format is 'weighin.weigh'"
        in cli("report", "other.json").err
    )
