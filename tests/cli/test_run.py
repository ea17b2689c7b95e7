"""``weighin run``: a learner file and a table in, a table, a chart and a JSON file out."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pandas as pd
import pytest

import learners
import weighin
from weighin._base.text import ARROWS
from weighin._football.card import Card, card_path, checksum
from weighin._tables.frames import write_table

NOT_KNOWN = "(whether the network was trained on them is not known)"
FEATURES = [*learners.CATS, *learners.CONTS]
TRAIN_IDS, VALID_IDS = tuple(range(40)), tuple(range(40, 60))


@pytest.fixture
def table() -> pd.DataFrame:
    """150 games, some of which the card says were trained on."""
    return learners.games(seed=1, n_rows=150).assign(id=range(150), year=[2020] * 100 + [2021] * 50)


@pytest.fixture
def learner(tmp_path, learner_file):
    """A learner file without a card."""
    return shutil.copy(learner_file, tmp_path / "learner.pkl")


@pytest.fixture
def games(tmp_path, table):
    """The table as a file."""
    path = tmp_path / "games.parquet"
    write_table(table, path)
    return path


@pytest.fixture
def card(learner):
    """Write the card that goes with the learner."""

    def write(**changes):
        fields = {
            "cat_names": tuple(learners.CATS),
            "cont_names": tuple(learners.CONTS),
            "target": "margin",
            "metric": "mae",
            "seasons_trained": (2020,),
            "seasons_held_out": (2021,),
            "train_ids": TRAIN_IDS,
            "valid_ids": VALID_IDS,
            "test_ids": (),
            "seed": 0,
            "epochs": 3,
            "batch_size": 32,
            "lr": 0.03,
            "layers": (8,),
            "simulated": False,
            "test_mae": 1.0,
            "spread_mae": 1.0,
            "versions": {},
            "date": "2025-01-01T00:00:00+00:00",
            "learner_sha256": checksum(learner),
        }
        Card(**{**fields, **changes}).save(card_path(learner))

    return write


def result(folder, name="importance.json") -> weighin.Importance:
    return weighin.Importance.load(folder / name)


def drawn_texts(monkeypatch) -> list[str]:
    """Collect every text of the chart that is written."""
    from weighin._display import charts as _plots

    texts, save = [], _plots.save

    def watching(draw, path, **options):
        def remember(ax):
            drawn = draw(ax)
            texts.extend(text.get_text() for text in [*ax.texts, ax._left_title, ax.title, ax.xaxis.label])
            return drawn

        save(remember, path, **options)

    monkeypatch.setattr(_plots, "save", watching)
    return texts


def names_drawn(monkeypatch) -> list[str]:
    """Collect the names beside the bars of the chart that is written."""
    from weighin._display import charts as _plots

    names, save = [], _plots.save

    def watching(draw, path, **options):
        save(
            lambda ax: names.extend(label.get_text() for label in draw(ax).get_yticklabels()), path, **options
        )

    monkeypatch.setattr(_plots, "save", watching)
    return names


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
    assert cli("run", learner, games, "--trust", "--repeats", 5).code == 0
    page = (tmp_path / "importance.html").read_text(encoding="utf-8")
    assert page.count('class="effect"') == len(FEATURES)
    assert f"weighin run {learner} {games} --trust --repeats 5" in page
    assert "whether the network was trained on them is not known" in page


def test_every_output_knows_which_way_features_push(cli, learner, games, tmp_path, monkeypatch):
    texts = names_drawn(monkeypatch)
    ran = cli("run", learner, games, "--trust", "--repeats", 5)
    imp = result(tmp_path)
    assert set(imp.directions) == set(imp.features)
    arrows = {name: ARROWS[word] for name, word in imp.directions.items()}
    assert {f"{name} {arrow}" for name, arrow in arrows.items()} == set(texts)
    assert all(f"{name} {arrow}" in ran.out for name, arrow in arrows.items())
    again = cli("report", "importance.json", "-o", "again.html")
    assert again.code == 0
    page = (tmp_path / "importance.html").read_text(encoding="utf-8")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == page


def test_an_interrupt_while_looking_further_keeps_the_weights(cli, learner, games, tmp_path, monkeypatch):
    import weighin._cli.further as further

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(further, "effects", interrupted)
    ran = cli("run", learner, games, "--trust", "--repeats", 5)
    assert ran.code == 130
    assert "importance.html lack effects and associations.\n" in ran.err
    imp = result(tmp_path)
    assert imp.complete
    assert imp.directions == {}
    assert 'id="effects"' not in (tmp_path / "importance.html").read_text(encoding="utf-8")


def test_no_page_where_none_is_wanted(cli, learner, games, tmp_path):
    ran = cli("run", learner, games, "--trust", "--repeats", 1, "--no-page")
    assert "Written: importance.json and importance.png." in ran.out
    assert not (tmp_path / "importance.html").exists()


def test_open_shows_the_page(cli, learner, games, tmp_path, monkeypatch):
    import webbrowser

    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
    assert cli("run", learner, games, "--trust", "--repeats", 1, "--open").code == 0
    assert opened == [(tmp_path / "importance.html").as_uri()]


def test_without_the_extra_the_rest_is_written_and_the_extra_named(
    cli, learner, games, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    ran = cli("run", learner, games, "--trust", "--repeats", 1)
    assert ran.code == 0
    assert "Written: importance.json and importance.png." in ran.out
    assert ran.err.startswith("No page: vl_convert is needed")
    assert "pip install 'weighin[report]'" in ran.err


@pytest.mark.parametrize("suffix", [".csv", ".feather", ".jsonl", ".parquet"])
def test_every_format_gives_the_same_numbers(cli, learner, table, tmp_path, regression, suffix):
    write_table(table, tmp_path / f"games{suffix}")
    assert cli("run", learner, f"games{suffix}", "--trust", "--repeats", 2, "--seed", 5).code == 0
    expected = weighin.weigh(regression, table, random_state=5, n_repeats=2)
    assert result(tmp_path).importances == pytest.approx(expected.importances, abs=1e-6)
    assert result(tmp_path).baseline == pytest.approx(expected.baseline, rel=1e-6)


def test_held_out_rows_are_the_default_where_the_card_knows_them(cli, learner, games, card, tmp_path):
    card()
    ran = cli("run", learner, games, "--trust", "--repeats", 1)
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
    ran = cli("run", learner, games, "--trust", "--repeats", 1, "--rows", rows)
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
    ran = cli("run", learner, "games.csv", "--trust", "--repeats", 1)
    assert ran.code == 0
    imp = result(tmp_path)
    assert (imp.on_training_rows, imp.rows) == (None, f"all 150 rows {NOT_KNOWN}")
    assert NOT_KNOWN in " ".join(ran.out.split())
    assert any(NOT_KNOWN in " ".join(text.split()) for text in texts)
    renumbered = "None of these ids is in the card: new rows, or renumbered?"
    assert (renumbered in imp.notes) == (renumbered in ran.out) == (unknown == "other ids")


def test_simulated_games_are_named_in_every_output(cli, learner, table, card, tmp_path, monkeypatch):
    texts = drawn_texts(monkeypatch)
    write_table(table.assign(spread_provider="simulated"), tmp_path / "games.csv")
    write_table(table, tmp_path / "plain.csv")
    ran = cli("run", learner, "games.csv", "--trust", "--repeats", 1)
    assert result(tmp_path).simulated
    assert "SIMULATED" in ran.out
    assert any("SIMULATED" in text for text in texts)
    card(simulated=True)
    cli("run", learner, "plain.csv", "--trust", "--repeats", 1, "-o", "two.json")
    assert result(tmp_path, "two.json").simulated


def test_conditions(cli, learner, games, card, table, tmp_path, regression):
    card()
    ran = cli("run", learner, games, "--trust", "--repeats", 1, "--where", "year==2020,week<3")
    assert ran.code == 0
    kept = table[(table["year"] == 2020) & (table["week"] < 3) & (table["id"] >= 60)]
    imp = result(tmp_path)
    assert imp.n_rows == len(kept)
    assert imp.rows == f"{len(kept)} held-out rows where year==2020,week<3"
    assert imp.baseline == pytest.approx(weighin.weigh(regression, kept, n_repeats=1).baseline, rel=1e-6)


def test_conditions_that_leave_nothing_are_said(cli, learner, games, tmp_path):
    ran = cli("run", learner, games, "--trust", "--where", "year==1900")
    assert ran.code == 1
    assert "No rows are left" in ran.err
    assert "where year==1900" in ran.err


def test_hostile_conditions_are_shown_and_never_run(cli, learner, games, tmp_path):
    ran = cli("run", learner, games, "--trust", "--where", "__import__('os').system('touch hacked')==0")
    assert ran.code == 1
    assert "--where" in ran.err
    assert not (tmp_path / "hacked").exists()
    ran = cli("run", learner, games, "--trust", "--repeats", 1, "--where", "home_name!='[/red]{n}$x$'")
    assert ran.code == 0
    assert result(tmp_path).rows == f"150 rows where home_name!='[/red]{{n}}$x$' {NOT_KNOWN}"
    assert "[/red]{n}$x$" in ran.out


def test_features_and_groups(cli, learner, games, tmp_path):
    ran = cli(
        "run", learner, games, "--trust", "--features", "spread, rest", "--group", "power=elo,spread", "--group",
        "all = home_name , week", "--repeats", 1,
    )  # fmt: skip
    assert ran.code == 0
    imp = result(tmp_path)
    assert imp.features == ("rest", "spread", "power", "all")
    assert imp.groups == {"power": ("elo", "spread"), "all": ("home_name", "week")}


def test_names_with_commas_and_signs_are_quoted(cli, tmp_path):
    import pandas as pd

    names = ["a,b=c<1", "x y", "z"]
    frame = pd.DataFrame({name: learners.games()["spread"] + i for i, name in enumerate(names)})
    frame["y"] = frame["z"]
    learners.train(frame, [], names, "y", epochs=0, metrics=[learners.mae]).export(tmp_path / "odd.pkl")
    write_table(frame, tmp_path / "odd.csv")
    ran = cli(
        "run", "odd.pkl", "odd.csv", "--trust", "--repeats", 1, "--features", '"a,b=c<1", x y',
        "--group", 'both="a,b=c<1",z', "--where", '"a,b=c<1">0',
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert result(tmp_path).features == ("a,b=c<1", "x y", "both")
    assert result(tmp_path).groups == {"both": ("a,b=c<1", "z")}


def test_a_metric_of_choice(cli, learner, games, tmp_path):
    assert cli("run", learner, games, "--trust", "--metric", "rmse", "--repeats", 1).code == 0
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
        (["--where", "year"], "'year' is not a condition"),
        (["--missing", "zero"], "missing must be one of"),
        (["--out", "importance.txt"], "--out must end in .json"),
        (["--out", "nowhere/importance.json"], "nowhere' does not exist"),
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
    "arguments", [["--repeats", "0"], ["--seed", "-1"], ["--repeats", "x"], ["--nonsense"]]
)
def test_usage_errors_have_exit_code_2(cli, learner, games, arguments):
    ran = cli("run", learner, games, "--trust", *arguments)
    assert ran.code == 2
    assert arguments[0] in ran.err
    assert ran.out == ""


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
    assert cli("run", learner, games, "--trust", "--force", "--repeats", 1).code == 0
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
    ran = cli("run", learner, games, "--repeats", 1, answer="n\n")
    assert ran.code == 1
    assert not (tmp_path / "importance.json").exists()
    ran = cli("run", learner, games, "--repeats", 1, answer="y\n")
    assert ran.code == 0
    assert (tmp_path / "importance.json").exists()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: (folder / "learner.pkl").write_bytes(b"junk"), "is not a learner exported by fastai"),
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
    assert cli("run", learner, games, "--trust", "--force", "--repeats", 1).code == 130
    assert [path.read_text() if path.exists() else None for path in outputs] == [old, old, old]


class Panic(BaseException):
    """What the renderer of charts raises when it meets what it did not expect."""


def test_a_page_that_cannot_be_made_does_not_cost_the_numbers(cli, learner, games, tmp_path, monkeypatch):
    def panic(*args, **kwargs):
        raise Panic

    monkeypatch.setattr(weighin.Importance, "to_html", panic)
    with pytest.raises(Panic) as caught:
        cli("run", learner, games, "--trust", "--repeats", 1)
    assert caught.value.__notes__ == ["The numbers are in importance.json; chart and page could not be made."]
    assert result(tmp_path).complete
    assert not (tmp_path / "importance.png").exists()


def test_a_page_of_an_earlier_run_is_called_so(cli, learner, games, tmp_path, monkeypatch):
    (tmp_path / "importance.html").write_text("old")
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    ran = cli("run", learner, games, "--trust", "--force", "--repeats", 1)
    assert ran.code == 0
    assert ran.err.endswith("importance.html is of an earlier run.\n")


def test_force_writes_through_a_link(cli, learner, games, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "real.json").write_text("old")
    (tmp_path / "importance.json").symlink_to("elsewhere/real.json")
    assert cli("run", learner, games, "--trust", "--force", "--repeats", 1).code == 0
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


def test_two_runs_with_one_seed_give_the_same_numbers(cli, learner, games, tmp_path):
    for name in ("one.json", "two.json"):
        cli("run", learner, games, "--trust", "--seed", 9, "-o", name)
    assert (
        result(tmp_path, "one.json").importances.tolist() == result(tmp_path, "two.json").importances.tolist()
    )


# the program as a whole


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_verb(cli, flag):
    ran = cli(flag)
    assert ran.code == 0
    assert all(verb in ran.out for verb in ("demo", "run", "cfbd"))
    assert ran.err == ""


def test_help_of_run_has_examples(cli):
    out = cli("run", "--help").out
    assert 'weighin run learner.pkl games.parquet --where "year==2021,week<10"' in " ".join(out.split())
    assert "----" not in out.replace("─", "")


def test_the_version(cli):
    assert cli("--version").out == f"weighin {weighin.__version__}\n"


def test_no_arguments_show_the_help(cli):
    ran = cli()
    assert "Usage" in ran.out + ran.err
    assert "demo" in ran.out + ran.err


def test_an_interrupt_while_the_program_loads_is_exit_code_130(cli, monkeypatch):
    import builtins

    load = builtins.__import__

    def interrupt(name, *args, **kwargs):
        if name == "weighin._cli.app":
            raise KeyboardInterrupt
        return load(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", interrupt)
    ran = cli("--version")
    assert (ran.code, ran.out, ran.err) == (130, "", "Interrupted.\n")


def test_the_entry_point_loads_nothing_before_it_can_be_interrupted():
    code = "import sys, weighin._cli; print('typer' in sys.modules, 'rich' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False False\n"


def test_an_interrupt_after_the_end_changes_nothing():
    code = (
        "import atexit, os, signal, sys\n"
        "from weighin._cli import main\n"
        "atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))\n"
        "sys.argv = ['weighin', '--version']\n"
        "main()"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_an_unknown_verb_is_a_usage_error(cli):
    ran = cli("wiegh")
    assert ran.code == 2
    assert "wiegh" in ran.err
