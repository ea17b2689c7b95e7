"""``weighin demo``: from no data to a picture, the same one each time, marked as simulated."""

from __future__ import annotations

import hashlib
import shlex
import socket
from functools import partial

import pandas as pd
import pytest

import weighin
from weighin._display import charts as _plots
from weighin._football.simulate import simulate_league

FILES = [
    "games.parquet",
    "importance.html",
    "importance.json",
    "importance.png",
    "learner.card.json",
    "learner.pkl",
]


@pytest.fixture
def no_network(monkeypatch):
    """Any connection is an error."""

    def refuse(*args, **kwargs):
        raise AssertionError("the demo opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.slow
def test_two_demos_with_one_seed_are_the_same_and_say_simulated(cli, tmp_path, monkeypatch, no_network):
    texts, save = [], _plots.save

    def watching(draw, path, **options):
        save(lambda figure: texts.append(draw(figure)._left_title.get_text()), path, **options)

    monkeypatch.setattr(_plots, "save", watching)
    first = cli("demo")
    second = cli("demo", "--folder", "once again")
    assert (first.code, second.code) == (0, 0)
    for folder in ("weighin-demo", "once again"):
        assert sorted(path.name for path in (tmp_path / folder).iterdir()) == FILES
    one, two = (
        weighin.Importance.load(tmp_path / name / "importance.json")
        for name in ("weighin-demo", "once again")
    )
    assert one.importances.tolist() == two.importances.tolist()
    assert one.baseline == two.baseline
    games = [pd.read_parquet(tmp_path / name / "games.parquet") for name in ("weighin-demo", "once again")]
    pd.testing.assert_frame_equal(*games)
    # what it finds is the truth of the simulation
    weights = dict(zip(one.features, one.importances_mean, strict=True))
    assert weights["spread"] > 10 * max(value for name, value in weights.items() if name != "spread")
    # every output says what it is
    assert one.simulated
    assert one.on_training_rows is False
    assert "held-out" in one.rows
    assert len(texts) == 2
    assert all("SIMULATED" in text for text in texts)
    assert (games[0]["spread_provider"] == "simulated").all()
    page = (tmp_path / "weighin-demo" / "importance.html").read_text(encoding="utf-8")
    assert "SIMULATED DATA." in page
    assert "weighin demo" in page
    assert all(f'id="{part}"' in page for part in ("next", "associations"))
    assert '"simulated": true' in (tmp_path / "weighin-demo" / "learner.card.json").read_text()
    assert first.out.startswith("SIMULATED DATA")
    assert "SIMULATED DATA - What the model weighs" in first.out
    assert all(name in first.out for name in FILES if name != "learner.card.json")
    assert first.err == ""
    # and what it tells to type next works
    line = next(line.strip() for line in second.out.splitlines() if "--group" in line)
    words = shlex.split(line)
    ran = cli(*words[words.index("run") :])
    assert ran.code == 0
    assert weighin.Importance.load(tmp_path / "once again" / "groups.json").simulated
    assert "elo" in ran.out


def test_another_demo_in_the_same_place_is_refused_before_any_work(cli, tmp_path):
    folder = tmp_path / "weighin-demo"
    folder.mkdir()
    for name in FILES:
        (folder / name).write_text("precious")
        ran = cli("demo")
        assert ran.code == 1
        assert "left as it is: " in ran.err
        assert ran.out == ""
        assert [path.name for path in folder.iterdir()] == [name]
        assert hashlib.md5((folder / name).read_bytes()).hexdigest() == hashlib.md5(b"precious").hexdigest()
        (folder / name).unlink()


def test_a_folder_that_is_a_file_is_said(cli, tmp_path):
    (tmp_path / "weighin-demo").write_text("precious")
    ran = cli("demo")
    assert ran.code == 1
    assert "weighin-demo" in ran.err
    assert "Traceback" not in ran.err
    assert (tmp_path / "weighin-demo").read_text() == "precious"


def test_ctrl_c_leaves_nothing_so_that_the_same_command_works_again(cli, tmp_path, monkeypatch):
    from weighin._cli import further

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("weighin._football.simulate.simulate_league", partial(simulate_league, [2018, 2019]))
    monkeypatch.setattr(further, "effects", interrupt)
    ran = cli("demo")
    assert ran.code == 130
    assert ran.err == "Stopped early: nothing was written. The demo takes less than a minute.\nInterrupted.\n"
    assert list(tmp_path.iterdir()) == []
