"""The article's network: its columns, its splits, its reproducibility, and the learner it leaves behind."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from weighin._base.errors import InputError, ModelError
from weighin._football.card import Card, card_path
from weighin._football.network import CAT_NAMES, CONT_NAMES, Epoch, TrainedNetwork, train_network
from weighin._football.simulate import simulate_league

pytestmark = pytest.mark.slow

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "cfbd"

# Open the learner where neither weighin nor torchvision can be imported, and predict the held-out games.
ELSEWHERE = """
import json, sys, warnings

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("weighin", "torchvision"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
warnings.simplefilter("ignore")
import pandas as pd
from fastai.learner import load_learner
learner = load_learner(sys.argv[1])
games = pd.read_parquet(sys.argv[2])
with learner.no_bar():
    predicted = learner.get_preds(dl=learner.dls.test_dl(games))[0][:, 0].tolist()
print(json.dumps({
    "predicted": predicted,
    "callbacks": sorted({type(cb).__module__ for cb in learner.cbs}),
    "procs": [type(proc).__name__ for proc in learner.dls.procs],
    "cat_names": list(learner.dls.cat_names), "cont_names": list(learner.dls.cont_names),
    "y_names": list(learner.dls.y_names), "metrics": [m.name for m in learner.metrics],
    "loaded": [m for m in sys.modules if m.partition(".")[0] in ("weighin", "torchvision")],
}))
"""


@pytest.fixture(scope="module")
def games() -> pd.DataFrame:
    return simulate_league([2018, 2019, 2021], random_state=1)


@pytest.fixture(scope="module")
def network(games: pd.DataFrame) -> TrainedNetwork:
    return train_network(games, epochs=2)


def procs(dls: Any) -> list[str]:
    return [name for name in (type(proc).__name__ for proc in dls.procs) if name != "RegressionSetup"]


def predictions(network: TrainedNetwork, games: pd.DataFrame) -> np.ndarray:
    learner = network.learner
    with learner.no_bar():
        return learner.get_preds(dl=learner.dls.test_dl(games))[0].numpy()[:, 0]


def test_the_rows_of_each_part(network: TrainedNetwork, games: pd.DataFrame) -> None:
    card = network.card
    train, valid, test = set(card.train_ids), set(card.valid_ids), set(card.test_ids)
    assert test == set(games["id"][games["year"] == 2021])
    assert train | valid == set(games["id"][games["year"] != 2021])
    assert not train & valid
    assert abs(len(valid) / (len(train) + len(valid)) - 0.2) < 0.001
    assert len(card.train_ids) + len(card.valid_ids) + len(card.test_ids) == len(games)
    # the validation games are drawn from both seasons, all over them
    years = games.set_index("id")["year"].loc[sorted(valid)].value_counts()
    assert set(years.index) == {2018, 2019}
    assert years.min() > 100


def test_the_card(network: TrainedNetwork, games: pd.DataFrame) -> None:
    card = network.card
    assert card.cat_names == ("home_conference", "away_conference", "neutral_site")
    assert card.cont_names == ("home_elo", "away_elo", "spread")
    assert (card.target, card.metric) == ("margin", "mae")
    assert (card.seasons_trained, card.seasons_held_out) == ((2018, 2019), (2021,))
    assert (card.seed, card.epochs, card.batch_size, card.lr, card.layers) == (0, 2, 64, 1e-3, (200, 100))
    assert card.simulated
    assert set(card.versions) == {"python", "weighin", "fastai", "torch", "numpy", "pandas", "scikit-learn"}
    assert card.date.endswith("+00:00")
    test = games[games["year"] == 2021]
    assert card.spread_mae == pytest.approx((test["margin"] - test["spread"]).abs().mean())
    assert card.test_mae == pytest.approx(np.abs(predictions(network, test) - test["margin"]).mean())


def test_the_learner_is_the_articles(network: TrainedNetwork) -> None:
    dls, model = network.learner.dls, network.learner.model
    assert dls.train.bs == 64
    assert procs(dls) == ["Categorify", "Normalize"]
    assert [layer.out_features for layer in model.modules() if hasattr(layer, "out_features")] == [
        200,
        100,
        1,
    ]
    assert len(model.embeds) == 3
    assert network.learner.metrics[0].name == "mae"
    assert all(type(callback).__module__.startswith("fastai") for callback in network.learner.cbs)


def test_the_same_seed_gives_the_same_network(games: pd.DataFrame, network: TrainedNetwork) -> None:
    random.seed(1)
    np.random.seed(2)
    again = train_network(games, epochs=2)
    assert again.card.test_mae == network.card.test_mae
    assert again.card.train_ids == network.card.train_ids
    assert (predictions(again, games) == predictions(network, games)).all()


def test_another_seed_gives_another_network(games: pd.DataFrame, network: TrainedNetwork) -> None:
    other = train_network(games, epochs=1, seed=1)
    assert other.card.valid_ids != network.card.valid_ids
    assert other.card.test_ids == network.card.test_ids
    assert not np.allclose(predictions(other, games), predictions(network, games))


def test_the_global_state_is_left_as_it_was(games: pd.DataFrame) -> None:
    import torch

    before = (
        random.getstate(),
        np.random.get_state()[1].tolist(),
        torch.get_rng_state(),
        torch.get_num_threads(),
    )
    frame = games.copy()
    train_network(frame, epochs=1)
    after = (
        random.getstate(),
        np.random.get_state()[1].tolist(),
        torch.get_rng_state(),
        torch.get_num_threads(),
    )
    assert before[:2] == after[:2]
    assert torch.equal(before[2], after[2])
    assert before[3] == after[3]
    pd.testing.assert_frame_equal(frame, games)


def test_the_global_state_is_left_after_ctrl_c(games: pd.DataFrame) -> None:
    import torch

    def stop(epoch: Epoch) -> None:
        raise KeyboardInterrupt

    before = random.getstate(), torch.get_rng_state(), torch.get_num_threads()
    with pytest.raises(KeyboardInterrupt):
        train_network(games, epochs=2, progress=stop)
    assert random.getstate() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])
    assert torch.get_num_threads() == before[2]


def test_progress_and_silence(games: pd.DataFrame, capfd: pytest.CaptureFixture[str]) -> None:
    epochs: list[Epoch] = []
    train_network(games, epochs=2, progress=epochs.append)
    assert [epoch.number for epoch in epochs] == [1, 2]
    assert epochs[1].train_loss < epochs[0].train_loss
    assert epochs[1].valid_loss < epochs[0].valid_loss
    assert 12 < epochs[1].valid_mae < 20
    out, err = capfd.readouterr()
    assert out == err == ""


def test_watching_changes_nothing(games: pd.DataFrame, network: TrainedNetwork) -> None:
    assert train_network(games, epochs=2, progress=lambda epoch: None).card.test_mae == network.card.test_mae


def test_settings_arrive(games: pd.DataFrame) -> None:
    small = train_network(games, epochs=1, lr=0.01, layers=[16], batch_size=128)
    assert (small.card.layers, small.card.lr, small.card.batch_size) == ((16,), 0.01, 128)
    assert small.learner.opt.hypers[-1]["lr"] == 0.01
    assert [m.out_features for m in small.learner.model.modules() if hasattr(m, "out_features")] == [16, 1]


def test_a_fresh_process_opens_the_learner(
    network: TrainedNetwork, games: pd.DataFrame, tmp_path: Path
) -> None:
    learner, table = tmp_path / "learner.pkl", tmp_path / "games.parquet"
    assert network.save(learner) == card_path(learner)
    test = games[games["year"] == 2021]
    test.to_parquet(table, index=False)
    assert b"weighin._" not in learner.read_bytes()
    run = subprocess.run(
        [sys.executable, "-I", "-c", ELSEWHERE, str(learner), str(table)],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout.splitlines()[-1])
    assert found["loaded"] == []
    np.testing.assert_allclose(found["predicted"], predictions(network, test), rtol=1e-5, atol=1e-4)
    mae = np.abs(np.array(found["predicted"]) - test["margin"].to_numpy()).mean()
    card = Card.for_learner(learner)
    assert card is not None
    assert mae == pytest.approx(card.test_mae, abs=1e-4)
    assert all(module.startswith("fastai.") for module in found["callbacks"])
    assert set(found["procs"]) == {"Categorify", "Normalize", "RegressionSetup"}  # the last: of the target
    assert (found["cat_names"], found["cont_names"]) == (list(CAT_NAMES), list(CONT_NAMES))
    assert (found["y_names"], found["metrics"]) == (["margin"], ["mae"])


def test_saving_keeps_the_learner_usable(
    network: TrainedNetwork, games: pd.DataFrame, tmp_path: Path
) -> None:
    before = predictions(network, games[:50])
    network.save(tmp_path / "learner.pkl")
    network.save(tmp_path / "learner.pkl")
    assert (predictions(network, games[:50]) == before).all()
    assert len(network.learner.dls.train_ds) == len(network.card.train_ids)


def test_a_save_that_fails_leaves_the_old_files(
    network: TrainedNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = tmp_path / "learner.pkl"
    network.save(learner)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr(Card, "save", lambda self, path: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        network.save(learner)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.slow
def test_a_fresh_process_trains_without_torchvision() -> None:
    code = (
        "import random, sys, warnings; warnings.simplefilter('ignore')\n"
        "from weighin._football.simulate import simulate_league\n"
        "from weighin._football.network import train_network\n"
        "assert 'torch' not in sys.modules\n"
        "state = random.getstate()\n"
        "train_network(simulate_league([2020, 2021]), epochs=1)\n"
        "assert 'torch' in sys.modules\n"
        "assert random.getstate() == state\n"  # the first import of fastai draws from it
        "print([m for m in sys.modules if m.startswith(('torchvision', 'fastai.vision'))])\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("provider", "simulated"), [("consensus", False), (None, False), (["consensus", "simulated"], True)]
)
def test_what_counts_as_simulated(games: pd.DataFrame, provider: Any, simulated: bool) -> None:
    frame = games.drop(columns="spread_provider")
    if provider is not None:
        frame["spread_provider"] = np.resize(provider, len(frame))
    assert train_network(frame, epochs=1, layers=[4]).card.simulated is simulated


@pytest.mark.slow
def test_odd_tables_that_are_fine(games: pd.DataFrame) -> None:
    plain = train_network(games, epochs=1, layers=[4])
    shuffled_index = games.set_axis(np.arange(len(games))[::-1] // 2, axis=0)
    integers = games.astype({"home_elo": "int32", "away_elo": "Int64", "year": "int16"})
    as_text = games.astype({"neutral_site": "category", "home_conference": "category"})
    for table in (shuffled_index, integers, as_text, games.assign(extra="x"), pl.from_pandas(games)):
        assert train_network(table, epochs=1, layers=[4]).card.test_mae == plain.card.test_mae


def test_a_missing_conference_is_a_category_of_its_own(games: pd.DataFrame) -> None:
    frame = games.copy()
    frame.loc[[3, len(frame) - 1], "home_conference"] = None
    assert np.isfinite(train_network(frame, epochs=1, layers=[4]).card.test_mae)


def spoiled(games: pd.DataFrame, column: str, value: Any) -> pd.DataFrame:
    values = games[column].astype(object).tolist()
    values[7] = value
    return games.assign(**{column: pd.Series(values, index=games.index).infer_objects()})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda g: g.rename(columns={"spread": "spraed"}), "'spread' is missing. Did you mean 'spraed'?"),
        (lambda g: g.drop(columns=["id", "margin"]), "2 of the 9 columns the network is trained on"),
        (lambda g: g[:0], "has no rows"),
        (lambda g: g[g["year"] == 2021], "At least two seasons are needed.* all of 2021"),
        (lambda g: spoiled(g, "margin", None), r"margin is missing or infinite in 1 of .* first is row 7"),
        (lambda g: spoiled(g, "spread", np.inf), "spread is missing or infinite in 1 of"),
        (lambda g: g.assign(away_elo=np.nan), r"away_elo is missing or infinite in (\d+) of \1 rows"),
        (lambda g: spoiled(g, "home_elo", "high"), "home_elo must be numbers"),
        (lambda g: spoiled(g, "year", None), "year is missing"),
        (lambda g: g.assign(year=g["year"] + 0.5), r"year must hold whole numbers, got 2018\.5"),
        (lambda g: g.assign(id=g["id"] // 2), "id must be unique; "),
        (lambda g: spoiled(g, "id", None), "id is missing in 1 of"),
        (lambda g: pd.concat([g[:60], g[-60:]]), r"60 games before .* \(2021\) are too few: 48 are left"),
        (lambda g: pd.concat([g, g[["year"]]], axis=1), "Column names must be unique"),
        (lambda g: g.to_dict("list"), "games must be a pandas data frame, got dict"),
    ],
)  # fmt: skip
def test_tables_that_are_refused(games: pd.DataFrame, spoil: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        train_network(spoil(games), epochs=1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs must be an integer >= 1, got 0"),
        ({"epochs": 1.5}, r"epochs must be an integer >= 1, got 1\.5"),
        ({"epochs": True}, "epochs must be an integer >= 1, got True"),
        ({"seed": -1}, "seed must be an integer >= 0, got -1"),
        ({"batch_size": 1}, "batch_size must be an integer >= 2, got 1"),
        ({"lr": 0}, "lr must be a number above 0, got 0"),
        ({"lr": float("nan")}, "lr must be a number above 0, got nan"),
        ({"lr": float("inf")}, "lr must be a number above 0, got inf"),
        ({"lr": "fast"}, "lr must be a number above 0, got 'fast'"),
        ({"layers": []}, "layers must be one or more sizes"),
        ({"layers": "200,100"}, "layers must be one or more sizes"),
        ({"layers": 200}, "layers must be one or more sizes"),
        ({"layers": (200, 0)}, "layers must be integers >= 1.* got 0"),
    ],
)
def test_settings_that_are_refused(games: pd.DataFrame, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        train_network(games, **settings)


def test_training_that_diverges(games: pd.DataFrame) -> None:
    with pytest.raises(ModelError, match=r"not numbers. Hint: use a smaller lr than 1e\+30"):
        train_network(games, epochs=1, lr=1e30)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real payloads are not there (../shared/cfbd)")
def test_real_seasons() -> None:
    """2015 to 2020 train, 2021 tests: close to the spread alone, as the article's network is."""
    from weighin._football.games import PROVIDERS, season_table
    from weighin._football.records import games_in, lines_in

    def payload(kind: str, year: int) -> Any:
        with gzip.open(REAL / f"{kind}_{year}.json.gz") as file:
            return json.load(file)

    seasons = [
        season_table(games_in(payload("games", y), y), lines_in(payload("lines", y), y), y, PROVIDERS).frame
        for y in range(2015, 2022)
    ]
    games = pd.concat(seasons, ignore_index=True)
    assert len(games) == 4757
    card = train_network(games).card
    assert card.spread_mae == pytest.approx(12.56, abs=0.01)
    assert 12.3 < card.test_mae < 13.0
    assert card.test_mae > card.spread_mae - 0.1
    assert not card.simulated
    assert len(card.test_ids) == 730
