"""``weighin run``: a learner file and a table in; table, chart, page and JSON out."""

from __future__ import annotations

import pandas as pd
import pytest
from running import FEATURES, NOT_KNOWN, names_drawn, result

import learners
import weighin
from weighin._base.text import ARROWS
from weighin._tables.frames import write_table


def test_table_json_and_chart(cli, learner, games, table, tmp_path, regression):
    ran = cli("run", learner, games, "--trust")
    assert ran.code == 0
    assert ran.err == ""
    expected = weighin.weigh(regression, table, random_state=0)
    imp = result(tmp_path)
    assert imp.importances.tolist() == expected.importances.tolist()
    assert imp.features == tuple(FEATURES)
    assert imp.rows == f"all 150 rows {NOT_KNOWN}"
    assert (imp.random_state, imp.on_training_rows, imp.simulated) == (0, None, False)
    assert 5 <= imp.n_repeats <= 50
    assert str(imp).splitlines()[2].split() == ran.out.splitlines()[2].split()
    assert all(name in ran.out for name in FEATURES)
    assert "Written: importance.json, importance.png and importance.html." in ran.out
    assert (tmp_path / "importance.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "games.parquet",
        "importance.html",
        "importance.json",
        "importance.png",
        "learner.pkl",
    ]


def test_the_page_shows_which_way_features_push_and_how_to_repeat_it(cli, learner, games, tmp_path):
    assert cli("run", learner, games, "--trust", "--n-repeats", 5).code == 0
    page = (tmp_path / "importance.html").read_text(encoding="utf-8")
    assert page.count('class="effect"') == len(FEATURES)
    assert f"weighin run {learner} {games} --trust --n-repeats 5" in page
    assert "whether the model was trained on them is not known" in page


def test_every_output_knows_which_way_features_push(cli, learner, games, tmp_path, monkeypatch):
    texts = names_drawn(monkeypatch)
    ran = cli("run", learner, games, "--trust", "--n-repeats", 5)
    imp = result(tmp_path)
    assert set(imp.directions) == set(imp.features)
    arrows = {name: ARROWS[word] for name, word in imp.directions.items()}
    assert {f"{name} {arrow}" for name, arrow in arrows.items()} == set(texts)
    assert all(f"{name} {arrow}" in ran.out for name, arrow in arrows.items())
    again = cli("report", "importance.json", "-o", "again.html")
    assert again.code == 0
    page = (tmp_path / "importance.html").read_text(encoding="utf-8")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == page


@pytest.mark.parametrize("suffix", [".csv", ".feather", ".jsonl", ".parquet"])
def test_every_format_gives_the_same_numbers(cli, learner, table, tmp_path, regression, suffix):
    write_table(table, tmp_path / f"games{suffix}")
    assert cli("run", learner, f"games{suffix}", "--trust", "--n-repeats", 2, "--random-state", 5).code == 0
    expected = weighin.weigh(regression, table, random_state=5, n_repeats=2)
    assert result(tmp_path).importances == pytest.approx(expected.importances, abs=1e-6)
    assert result(tmp_path).baseline == pytest.approx(expected.baseline, rel=1e-6)


def test_features_and_groups(cli, learner, games, tmp_path):
    ran = cli(
        "run", learner, games, "--trust", "--features", "spread, rest", "--group", "power=elo,spread", "--group",
        "all = home_name , week", "--n-repeats", 1,
    )  # fmt: skip
    assert ran.code == 0
    imp = result(tmp_path)
    assert imp.features == ("rest", "spread", "power", "all")
    assert imp.groups == {"power": ("elo", "spread"), "all": ("home_name", "week")}


def test_names_with_commas_and_signs_are_quoted(cli, tmp_path):

    names = ["a,b=c<1", "x y", "z"]
    frame = pd.DataFrame({name: learners.games()["spread"] + i for i, name in enumerate(names)})
    frame["y"] = frame["z"]
    learners.train(frame, [], names, "y", epochs=0, metrics=[learners.mae]).export(tmp_path / "odd.pkl")
    write_table(frame, tmp_path / "odd.csv")
    ran = cli(
        "run", "odd.pkl", "odd.csv", "--trust", "--n-repeats", 1, "--features", '"a,b=c<1", x y',
        "--group", 'both="a,b=c<1",z', "--where", '"a,b=c<1">0',
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert result(tmp_path).features == ("a,b=c<1", "x y", "both")
    assert result(tmp_path).groups == {"both": ("a,b=c<1", "z")}


def test_a_metric_of_choice(cli, learner, games, tmp_path):
    assert cli("run", learner, games, "--trust", "--metric", "rmse", "--n-repeats", 1).code == 0
    assert result(tmp_path).metric == "rmse"


def test_how_far_predictions_move_needs_no_target(cli, learner, table, tmp_path):
    write_table(table.drop(columns="margin"), tmp_path / "future.csv")
    ran = cli("run", learner, "future.csv", "--trust", "--metric", "prediction_change")
    assert ran.code == 0
    assert "prediction moves by" in ran.out
    assert result(tmp_path).metric == "prediction_change"


def test_missing_values(cli, learner, table, tmp_path):
    table.loc[:4, "elo"] = None
    write_table(table, tmp_path / "holes.csv")
    ran = cli("run", learner, "holes.csv", "--trust")
    assert ran.code == 1
    assert "'elo' (5 of 150 rows)" in ran.err
    assert cli("run", learner, "holes.csv", "--trust", "--missing", "drop").code == 0
    assert (result(tmp_path).n_rows, result(tmp_path).rows) == (145, f"all 145 rows {NOT_KNOWN}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--features", "spred"], "Unknown feature 'spred' in features. Did you mean 'spread'?"),
        (["--features", ","], "Nothing to weigh"),
        (["--group", "power"], "--group must be name=feature,feature, got 'power'"),
        (["--group", "=elo"], "--group must be name=feature,feature, got '=elo'"),
        (["--group", "power="], "--group must be name=feature,feature, got 'power='"),
        (["--group", "a=elo", "--group", "a=spread"], "--group names 'a' more than once"),
        (["--group", "elo=spread"], "The group 'elo' has the name of a feature"),
        (["--metric", "accuracy!"], "Unknown metric 'accuracy!'. Did you mean 'accuracy'?"),
        (["--rows", "some"], "--rows must be held-out, all or first:N"),
        (["--rows", "held-out"], "--rows held-out needs the card"),
        (["--where", "year"], "'year' is no condition"),
        (["--missing", "zero"], "missing must be one of"),
        (["--out", "importance.txt"], "--out must end in .json"),
        (["--out", "nowhere/importance.json"], "does not exist: 'nowhere'"),
    ],
)
def test_wrong_options_are_one_message_and_exit_code_1(cli, learner, games, tmp_path, arguments, message):
    before = sorted(tmp_path.iterdir())
    ran = cli("run", learner, games, "--trust", *arguments)
    assert ran.code == 1
    assert message in ran.err
    assert ran.err.startswith("weighin: ")
    assert "Traceback" not in ran.err
    assert ran.out == ""
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "arguments", [["--n-repeats", "0"], ["--random-state", "-1"], ["--n-repeats", "x"], ["--nonsense"]]
)
def test_usage_errors_have_exit_code_2(cli, learner, games, arguments):
    ran = cli("run", learner, games, "--trust", *arguments)
    assert ran.code == 2
    assert arguments[0] in ran.err
    assert ran.out == ""


def test_a_table_without_the_columns_is_said(cli, learner, table, tmp_path):
    write_table(table.drop(columns=["spread", "margin"]), tmp_path / "games.csv")
    ran = cli("run", learner, "games.csv", "--trust")
    assert ran.code == 1
    assert "'spread' is missing" in ran.err


def test_a_card_of_another_learner_is_said(cli, learner, games, card):
    card(learner_sha256="0" * 64)
    ran = cli("run", learner, games, "--trust")
    assert ran.code == 1
    assert "describes another learner" in ran.err


def test_two_runs_with_one_seed_give_the_same_numbers(cli, learner, games, tmp_path):
    for name in ("one.json", "two.json"):
        cli("run", learner, games, "--trust", "--random-state", 9, "-o", name)
    assert (
        result(tmp_path, "one.json").importances.tolist() == result(tmp_path, "two.json").importances.tolist()
    )
