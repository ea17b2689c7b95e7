"""``weighin ablate`` and ``weighin cfbd ablate``, called as the command line calls them."""

from __future__ import annotations

import json
import shutil
import webbrowser

import pandas as pd
import pytest

import learners
import weighin
from weighin._cli.ablating import questions
from weighin._football.network import ArticleTrainer, train_network
from weighin._football.simulate import simulate_league

QUICK = ["--epochs", "1", "--layers", "8", "--fits", "2"]


@pytest.fixture(scope="module")
def league() -> pd.DataFrame:
    return simulate_league([2019, 2021], random_state=1)


@pytest.fixture
def games(league, tmp_path):
    path = tmp_path / "games.parquet"
    league.to_parquet(path, index=False)
    return path


class TestArticle:
    @pytest.mark.slow
    def test_its_questions_are_answered_and_written(self, cli, games):
        ran = cli("cfbd", "ablate", games, *QUICK)
        assert ran.code == 0, ran.err
        found = weighin.Ablation.load("ablation.json")
        assert [change.label for change in found.changes] == [
            "neutral_site",
            "both conferences",
            "home_elo",
            "away_elo",
            "spread",
            "elo_diff",
            "week",
            "season",
        ]
        assert found.simulated
        assert "SIMULATED DATA" in ran.out
        assert "Without spread the average miss" in ran.out.replace("\n", " ")
        assert "points" in found.summary()
        assert "year 2021 after the years before" in found.split
        assert len(list(games.parent.glob("ablation.fits/*.npz"))) == 18
        assert games.with_name("ablation.png").stat().st_size > 10_000
        assert "Written: ablation.json, ablation.png and ablation.html." in ran.out
        page = games.with_name("ablation.html").read_text(encoding="utf-8")
        assert "SIMULATED DATA." in page
        assert "Without spread the average miss" in page

    @pytest.mark.slow
    def test_other_questions_and_going_on(self, cli, games):
        options = [
            "--drop", "elos=home_elo,away_elo", "--drop", "spread", "--add", "week",
            "--replace", "home_elo,away_elo: elo_diff = home_elo - away_elo", *QUICK,
        ]  # fmt: skip
        first = cli("cfbd", "ablate", games, *options)
        assert first.code == 0, first.err
        before = weighin.Ablation.load("ablation.json")
        assert [change.kind for change in before.changes] == ["drop", "drop", "add", "replace"]
        refused = cli("cfbd", "ablate", games, *options)
        assert refused.code == 1
        assert "--force" in refused.err
        assert cli("cfbd", "ablate", games, *options, "--force").code == 0
        assert weighin.Ablation.load("ablation.json").summary() == before.summary()
        other = cli("cfbd", "ablate", games, *options, "--force", "--random-state", "5")
        assert other.code == 1
        assert "belongs to another plan" in other.err

    def test_the_network_is_the_one_that_train_gives(self, league):
        known = league[league["year"] < 2021].reset_index(drop=True)
        expected = train_network(league, epochs=1, layers=(8,), seed=3).learner
        columns = [*expected.dls.cat_names, *expected.dls.cont_names]
        again = ArticleTrainer(epochs=1, layers=(8,))(known, columns, 3)
        for one, other in zip(again.model.parameters(), expected.model.parameters(), strict=True):
            assert (one == other).all()

    def test_what_is_wrong_is_told_before_any_work(self, cli, games, league):
        assert "must end in .json" in cli("cfbd", "ablate", games, "-o", "x.csv").err
        assert "No such file" in cli("cfbd", "ablate", "gmaes.parquet").err
        assert "layers" in cli("cfbd", "ablate", games, "--layers", "x").err
        assert "Unknown feature 'sprad'" in cli("cfbd", "ablate", games, "--drop", "sprad", *QUICK).err
        league.assign(id=1).to_parquet("twice.parquet")
        assert "id must be unique" in cli("cfbd", "ablate", "twice.parquet", *QUICK).err


class TestLearner:
    @pytest.fixture
    def files(self, learner_file, tmp_path):
        shutil.copy(learner_file, tmp_path / "learner.pkl")
        learners.games().to_csv(tmp_path / "games.csv", index=False)
        return ["learner.pkl", "games.csv", "--trust", "--fits", "2"]

    def test_an_exported_learner_is_trained_again(self, cli, files):
        ran = cli(
            "ablate", *files, "--epochs", 1, "--lr", 0.01, "--drop", "spread", "--add", "double=2 * elo"
        )
        assert ran.code == 0, ran.err
        found = weighin.Ablation.load("ablation.json")
        assert [change.label for change in found.changes] == ["spread", "double"]
        assert found.metric == "mae"
        assert not found.simulated
        assert "48 of 240 rows tested on in each fit" in found.split

    def test_one_cycle(self, cli, files, tmp_path):
        ran = cli("ablate", *files, "--epochs", 1, "--one-cycle", "--drop", "week", "--no-page")
        assert ran.code == 0
        assert "Written: ablation.json and ablation.png." in ran.out
        assert not (tmp_path / "ablation.html").exists()

    def test_open_shows_the_page(self, cli, files, tmp_path, monkeypatch):
        opened = []
        monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
        assert cli("ablate", *files, "--epochs", 1, "--drop", "week", "--open").code == 0
        assert opened == [(tmp_path / "ablation.html").as_uri()]
        again = cli("ablate", *files, "--epochs", 1, "--drop", "week", "-o", "ablation.json", "--no-page")
        assert "Already there" in again.err

    def test_epochs_are_asked_for(self, cli, files):
        ran = cli("ablate", *files, "--drop", "week")
        assert ran.code == 1
        assert "--epochs is needed" in ran.err

    @pytest.mark.slow
    def test_the_card_knows_schedule_and_rows(self, cli, league, games):
        train_network(league, epochs=1, layers=[8]).save(games.with_name("net.pkl"))
        ran = cli("ablate", "net.pkl", games, "--trust", "--fits", 1, "--drop", "spread")
        assert ran.code == 0, ran.err
        found = weighin.Ablation.load("ablation.json")
        held_out = (league["year"] == 2021).sum()
        assert f"tested on {held_out} others" in found.split
        assert found.simulated
        assert json.loads(games.with_name("net.card.json").read_text(encoding="utf-8"))["epochs"] == 1
        only = league[league["year"] == 2019]
        only.to_parquet("known.parquet", index=False)
        ran = cli(
            "ablate", "net.pkl", "known.parquet", "--trust", "--fits", 1, "--drop", "spread", "-o", "b.json"
        )
        assert "split at random" in ran.out.replace("\n", " ")


class TestQuestions:
    def test_they_are_read(self):
        read = questions(
            ["a", "b,c", "both=d, e", "each"],
            ["week", "x=a - b", "two=c,d", "m=maximum(a, b)"],
            ["a,b: c=a+b"],
        )
        assert read == {
            "drop": {"a": "a", "b + c": ["b", "c"], "both": ["d", "e"], "each": "each"},
            "add": {"week": ["week"], "x": "a - b", "two": ["c", "d"], "m": "maximum(a, b)"},
            "replace": {("a", "b"): "c=a+b"},
        }
        assert questions(None, None, None) == {"drop": None, "add": None, "replace": None}

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ((["="], None, None), "--drop must be"),
            ((["x="], None, None), "--drop must be"),
            ((["a", "a"], None, None), "--drop names 'a' more than once"),
            ((None, ["x="], None), "--add must be"),
            ((None, ["=a"], None), "--add must be"),
            ((None, None, ["a"]), "--replace must be"),
            ((None, None, ["a:"]), "--replace must be"),
        ],
    )
    def test_what_says_nothing_is_refused(self, options, told):
        with pytest.raises(weighin.InputError, match=told):
            questions(*options)


def test_ctrl_c_says_where_to_go_on(cli, games, monkeypatch):
    def stop(*_, **__):
        error = KeyboardInterrupt()
        error.add_note("3 of 18 fits are in 'ablation.fits'; the same call goes on there.")
        raise error

    monkeypatch.setattr("weighin._refit.ablate.run.ablate", stop)
    ran = cli("cfbd", "ablate", games, *QUICK)
    assert ran.code == 130
    assert "3 of 18 fits are in 'ablation.fits'; the same call goes on there." in ran.err
