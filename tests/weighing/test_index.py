"""The index of a row stays with the row that receives: models that read it, or look rows up by it, get the user's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import weighin

pytestmark = pytest.mark.slow

N = 3000
rng = np.random.default_rng(0)
IDS = rng.permutation(10 * N)[:N]
TABLE = pd.DataFrame({"wind": rng.normal(size=N), "elo": rng.normal(size=N), "unused": rng.normal(size=N)})
BY_ID = pd.Series(rng.normal(size=N), index=IDS)


class LooksUp(RegressorMixin, BaseEstimator):
    """A stadium's strength, times the wind."""

    def fit(self, X: Any, y: Any = None) -> Any:
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, X: Any) -> Any:
        return BY_ID.loc[X.index].to_numpy() * X["wind"].to_numpy() + X["elo"].to_numpy()


def with_hour(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(hour=frame.index.hour, late=frame.index.hour * frame["wind"])


FRAME = TABLE.set_index(IDS)
TRUTH = LooksUp().predict(FRAME)
HOURLY = TABLE.set_index(pd.date_range("2020-01-01", periods=N, freq="h"))
ON_TIME = HOURLY.index.hour * HOURLY["wind"] + HOURLY["elo"]


def by_hand(column: str, seed: int = 0) -> float:
    """What the mean absolute error becomes in twenty shuffles of a column."""
    shuffles, errors = np.random.default_rng(seed), []
    for _ in range(20):
        swapped = FRAME.copy()
        swapped[column] = shuffles.permutation(FRAME[column].to_numpy())
        errors.append(np.abs(TRUTH - LooksUp().predict(swapped)).mean())
    return float(np.mean(errors))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"n_repeats": 2},
        {"batch_size": 100},
        {"groups": {"weather": ["wind", "unused"]}},
        {"max_seconds": 600},
    ],
    ids=str,
)
@pytest.mark.parametrize("model", [LooksUp(), LooksUp().predict], ids=["estimator", "function"])
def test_rows_are_looked_up_by_their_own_index(model: Any, options: dict[str, Any]) -> None:
    found = weighin.weigh(model, FRAME, TRUTH, metric="mae", random_state=0, **options)
    assert found.baseline == 0
    for column in ("wind", "elo"):
        assert found[column].importance == pytest.approx(by_hand(column), abs=6 * found[column].se)
    assert found["unused"].importance == 0
    assert found.notes == ()


def test_an_estimator_gets_what_a_function_gets() -> None:
    of_function, of_estimator = (
        weighin.weigh(model, FRAME, TRUTH, metric="mae", n_repeats=3, random_state=0)
        for model in (LooksUp().predict, LooksUp())
    )
    np.testing.assert_allclose(of_estimator.importances, of_function.importances)


def test_a_pipeline_may_read_the_hour() -> None:
    model = make_pipeline(FunctionTransformer(with_hour), LinearRegression()).fit(HOURLY, ON_TIME)
    found = weighin.weigh(model, HOURLY, ON_TIME, metric="mae", random_state=0)
    assert found.baseline == pytest.approx(0, abs=1e-9)
    assert found["wind"].importance > 5
    effects = weighin.effects(model, HOURLY, random_state=0)
    assert effects["wind"].direction == "rises"


@pytest.mark.parametrize("model", [LooksUp(), LooksUp().predict], ids=["estimator", "function"])
def test_several_models_precision_and_effects(model: Any) -> None:
    several = weighin.weigh([model, lambda frame: frame["elo"]], FRAME, TRUTH, metric="mae", random_state=0)
    assert several[0].baseline == 0
    large = pd.concat([FRAME] * 4)
    precise = weighin.weigh(model, large, np.tile(TRUTH, 4), metric="mae", precision=0.05, random_state=0)
    assert precise.baseline == 0
    assert precise["wind"].importance == pytest.approx(by_hand("wind"), rel=0.3)
    effects = weighin.effects(model, FRAME, n_rows=None, random_state=0)
    slope = np.polyfit(effects["elo"].values, effects["elo"].pd.effect, 1)[0]
    assert slope == pytest.approx(1)
    slope = np.polyfit(effects["wind"].values, effects["wind"].pd.effect, 1)[0]
    assert slope == pytest.approx(BY_ID.mean(), abs=1e-9)


INDEXES = {
    "levels": pd.MultiIndex.from_arrays([np.arange(N) // 7, np.arange(N) % 7]),
    "twice": pd.Index(np.arange(N) // 2),
    "texts": pd.Index([f"game {k % 99}" for k in range(N)]),
    "dates": HOURLY.index,
    "none": pd.RangeIndex(N),
}


@pytest.mark.parametrize("index", INDEXES)
def test_any_index(index: str) -> None:
    frame, seen = TABLE.set_index(INDEXES[index]), set()
    allowed = set(frame.index)

    class Reads(LooksUp):
        def predict(self, X: Any) -> Any:
            assert type(X.index) is type(frame.index) or index == "none"
            assert X.index.names == frame.index.names
            seen.update(X.index)
            return X["wind"].to_numpy()

    found = weighin.weigh(Reads(), frame, TABLE["wind"].to_numpy(), random_state=0)
    assert found.baseline == 0
    assert seen == allowed
    assert found["elo"].importance == 0
    weighin.effects(Reads(), frame, random_state=0)
