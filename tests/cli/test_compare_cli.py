"""``weighin compare`` on files."""

from __future__ import annotations

import json

import numpy as np
import pytest

import learners
import weighin
from weighin._tables.frames import write_table

pytestmark = pytest.mark.slow


@pytest.fixture
def results(tmp_path):
    """Files of two models on the same rows, kept row by row."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    y = x @ [2.0, 1.0, 0.0] + rng.normal(size=200)
    models = [lambda x: x @ [2.0, 1.0, 0.0], lambda x: x @ [1.5, 1.2, 0.0]]
    paths = tmp_path / "old.json", tmp_path / "new.json"
    for imp, path in zip(
        weighin.weigh(models, x, y, metric="mae", n_repeats=4, random_state=0), paths, strict=True
    ):
        imp.save(path)
    return paths


def test_two_files_are_compared_under_their_names(cli, results):
    ran = cli("compare", *results)
    assert (ran.code, ran.err) == (0, "")
    assert "mae: new minus old" in ran.out
    assert "x0 weighs" in ran.out
    assert "Paired: the same rows with the same shuffles." in ran.out


def test_json_and_chart_are_written(cli, results, tmp_path):
    out = tmp_path / "both.json"
    ran = cli("compare", *results, "--labels", '2020,"season 2021, late"', "--out", out)
    assert ran.code == 0
    assert "both.json" in ran.out
    assert out.with_suffix(".html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert json.loads(out.read_text())["labels"] == ["2020", "season 2021, late"]
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    again = cli("compare", *results, "--out", out)
    assert again.code == 1
    assert "Already there" in again.err
    out.with_suffix(".html").unlink()
    assert cli("compare", *results, "--out", out, "--force", "--no-page").code == 0
    assert not out.with_suffix(".html").exists()
    assert weighin.Comparison.load(out).labels == ("old", "new")


def test_files_of_one_name_are_told_apart_by_their_folders(cli, results, tmp_path):
    (tmp_path / "x").mkdir()
    results[0].rename(tmp_path / "x" / "new.json")
    ran = cli("compare", "x/new.json", "new.json")
    assert "mae: new minus x/new" in ran.out
    assert "mae: b minus a" in cli("compare", "new.json", "new.json").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["old.json", "none.json"], "No such file: 'none.json'. Did you mean"),
        (["old.json", "new.json", "--labels", "one"], "--labels takes two names"),
        (["old.json", "new.json", "--labels", "a,a"], "labels must differ"),
        (["old.json", "new.json", "--out", "c.png"], "--out must end in .json, got 'c.png'"),
        (["old.json", "new.json", "--open"], "--open opens the page that --out writes"),
        (["old.json", "new.json", "--metric", "rmse"], "cannot be compared with importances in 'mae'"),
        (["old.json", "broken.json"], "is not JSON"),
    ],
)
def test_what_cannot_be_compared_is_one_message(cli, results, tmp_path, arguments, message):
    (tmp_path / "broken.json").write_text("{")
    ran = cli("compare", *arguments)
    assert ran.code == 1
    assert message in " ".join(ran.err.split())
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json"] * 3 + [".npz"] * 2


def test_the_help_has_examples(cli):
    ran = cli("compare", "--help")
    assert ran.code == 0
    assert "Example: weighin compare old.json new.json" in " ".join(ran.out.split())


def test_runs_that_kept_their_rows_are_compared_pair_by_pair(cli, learner_file, tmp_path):
    write_table(learners.games(seed=1, n_rows=60), tmp_path / "games.parquet")
    run = ["run", learner_file, "games.parquet", "--trust", "--keep-rows", "--no-page", "--n-repeats", "3"]
    for name in ("one", "two"):
        ran = cli(*run, "--out", f"{name}.json")
        assert ran.code == 0, ran.err
        assert f"{name}.npz" in ran.out
    assert "Paired: the same rows with the same shuffles." in cli("compare", "one.json", "two.json").out
    (tmp_path / "one.json").unlink()
    (tmp_path / "one.png").unlink()
    again = cli(*run, "--out", "one.json")
    assert again.code == 1
    assert "Already there, left as it is: one.npz" in again.err


def test_the_page_is_opened_on_demand(cli, results, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    assert cli("compare", *results, "--out", "both.json", "--open").code == 0
    assert opened[0].endswith("/both.html")


def test_files_of_shares_are_compared_by_contributions(tmp_path, cli):
    x = np.random.default_rng(0).normal(size=(300, 3))
    for name, b in (("old", [3.0, 1.0, 0.0]), ("new", [2.0, 1.0, 0.0])):
        parts = weighin.shares(
            lambda x, b=b: np.asarray(x) @ b, x, x @ [3.0, 1.0, 0.0], metric="mse", outputs="number"
        )
        parts.save(tmp_path / f"{name}.json")
    ran = cli("compare", tmp_path / "old.json", tmp_path / "new.json")
    assert (ran.code, ran.err) == (0, "")
    assert "contributions to mse: new minus old" in ran.out
