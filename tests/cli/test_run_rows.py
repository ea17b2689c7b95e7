"""``weighin run``: which rows are weighed, and what every output says of them."""

from __future__ import annotations

import pytest
from running import NOT_KNOWN, drawn_texts, result

import weighin
from weighin._tables.frames import write_table


def test_held_out_rows_are_the_default_where_the_card_knows_them(cli, learner, games, card, tmp_path):
    card()
    ran = cli("run", learner, games, "--trust", "--n-repeats", 1)
    assert ran.code == 0
    imp = result(tmp_path)
    assert (imp.n_rows, imp.rows, imp.on_training_rows) == (90, "90 held-out rows", False)
    assert "TRAIN" not in ran.out
    assert "on 90 held-out rows" in ran.out


@pytest.mark.parametrize(
    ("rows", "n_rows", "what", "trained"),
    [
        ("all", 150, "all 150 rows", 40),
        ("first:50", 50, "the first 50 rows", 40),
        ("first:10", 10, "the first 10 rows", 10),
    ],
)
def test_training_rows_are_named_in_every_output(
    cli, learner, games, card, tmp_path, monkeypatch, rows, n_rows, what, trained
):
    card()
    texts = drawn_texts(monkeypatch)
    ran = cli("run", learner, games, "--trust", "--n-repeats", 1, "--rows", rows)
    imp = result(tmp_path)
    assert (imp.n_rows, imp.rows, imp.on_training_rows) == (n_rows, what, True)
    told = f"{trained} of the {n_rows} rows given are TRAINING ROWS"
    assert imp.notes[0].startswith(told)
    assert told in " ".join(ran.out.split())
    assert "THE MODEL WAS TRAINED ON SOME OF THESE ROWS." in " ".join(ran.out.split())
    assert any("THE MODEL WAS TRAINED ON SOME OF THESE ROWS." in " ".join(text.split()) for text in texts)


@pytest.mark.parametrize("unknown", ["no card", "no ids", "other ids"])
def test_rows_nobody_knows_about_are_said_to_be_so_in_every_output(
    cli, learner, table, card, tmp_path, monkeypatch, unknown
):
    if unknown != "no card":
        card()
    changed = {
        "no card": table,
        "no ids": table.drop(columns="id"),
        "other ids": table.assign(id=table["id"] + 5_000_000),
    }
    write_table(changed[unknown], tmp_path / "games.csv")
    texts = drawn_texts(monkeypatch)
    ran = cli("run", learner, "games.csv", "--trust", "--n-repeats", 1)
    assert ran.code == 0
    imp = result(tmp_path)
    assert (imp.on_training_rows, imp.rows) == (None, f"all 150 rows {NOT_KNOWN}")
    assert NOT_KNOWN in " ".join(ran.out.split())
    assert any(NOT_KNOWN in " ".join(text.split()) for text in texts)
    renumbered = "None of these ids is in the card: either the rows are new or they were renumbered."
    assert (renumbered in imp.notes) == (renumbered in ran.out) == (unknown == "other ids")


def test_simulated_games_are_named_in_every_output(cli, learner, table, card, tmp_path, monkeypatch):
    texts = drawn_texts(monkeypatch)
    write_table(table.assign(spread_provider="simulated"), tmp_path / "games.csv")
    write_table(table, tmp_path / "plain.csv")
    ran = cli("run", learner, "games.csv", "--trust", "--n-repeats", 1)
    assert result(tmp_path).simulated
    assert "SIMULATED" in ran.out
    assert any("SIMULATED" in text for text in texts)
    card(simulated=True)
    cli("run", learner, "plain.csv", "--trust", "--n-repeats", 1, "-o", "two.json")
    assert result(tmp_path, "two.json").simulated


def test_conditions(cli, learner, games, card, table, tmp_path, regression):
    card()
    ran = cli("run", learner, games, "--trust", "--n-repeats", 1, "--where", "year = 2020 and week < 3")
    assert ran.code == 0
    kept = table[(table["year"] == 2020) & (table["week"] < 3) & (table["id"] >= 60)]
    imp = result(tmp_path)
    assert imp.n_rows == len(kept)
    assert imp.rows == f"{len(kept)} held-out rows where year = 2020 and week < 3"
    assert imp.baseline == pytest.approx(weighin.weigh(regression, kept, n_repeats=1).baseline, rel=1e-6)


def test_conditions_that_leave_nothing_are_said(cli, learner, games, tmp_path):
    ran = cli("run", learner, games, "--trust", "--where", "year = 1900")
    assert ran.code == 1
    assert "No rows are left" in ran.err
    assert "where year = 1900" in ran.err


def test_hostile_conditions_are_shown_and_never_run(cli, learner, games, tmp_path):
    ran = cli("run", learner, games, "--trust", "--where", "__import__('os').system('touch hacked')==0")
    assert ran.code == 1
    assert "--where" in ran.err
    assert not (tmp_path / "hacked").exists()
    ran = cli("run", learner, games, "--trust", "--n-repeats", 1, "--where", "home_name!='[/red]{n}$x$'")
    assert ran.code == 0
    assert result(tmp_path).rows == f"150 rows where home_name!='[/red]{{n}}$x$' {NOT_KNOWN}"
    assert "[/red]{n}$x$" in ran.out
