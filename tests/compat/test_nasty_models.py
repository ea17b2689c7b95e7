"""Models that look beyond the row: scikit-learn's numbers all the same, to the last digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from beside_sklearn import both
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.decomposition import NMF
from sklearn.dummy import DummyClassifier
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, minmax_scale

from weighin import permutation_importance

pytestmark = pytest.mark.slow

N = 20_000
rng = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {
        "g": np.sort(np.array(["b", "c", "d", "e"])[rng.integers(0, 4, N)]),
        "a": rng.normal(size=N),
        "unused": rng.normal(size=N),
    },
    index=pd.date_range("2020-01-01", periods=N, freq="h"),
)
TABLE.iloc[-1, 0] = "a"
WIND = pd.Series(rng.normal(size=N), index=TABLE.index)
SMALL = TABLE.iloc[:: N // 300]
WEIGHTS = rng.random(N)


class Model(RegressorMixin, BaseEstimator):
    """Fitted to nothing."""

    def fit(self, X: Any, y: Any = None) -> Any:
        self.fitted_ = True
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True


class Codes(Model):
    def predict(self, X: Any) -> Any:
        return (X["g"].astype("category").cat.codes + 0.5 * X["a"]).to_numpy()


class Lags(Model):
    def predict(self, X: Any) -> Any:
        return X["a"].shift(1, fill_value=0.0).to_numpy()


class Ranks(Model):
    def predict(self, X: Any) -> Any:
        return X["a"].rank().to_numpy() / len(X)


class Scaled(Model):
    def predict(self, X: Any) -> Any:
        return ((X["a"] - X["a"].mean()) / X["a"].std()).to_numpy()


class MeansOfGroups(Model):
    def predict(self, X: Any) -> Any:
        return X.groupby("g")["a"].transform("mean").to_numpy()


class Hours(Model):
    def predict(self, X: Any) -> Any:
        return X.index.hour.to_numpy() * 0.1 + X["a"].to_numpy()


class LooksUp(Model):
    def predict(self, X: Any) -> Any:
        return WIND.loc[X.index].to_numpy() + X["a"].to_numpy()


class AlignsByIndex(Model):
    def predict(self, X: Any) -> Any:
        return (X["a"] + X.loc[X["a"] > 0, "unused"].reindex(X.index).fillna(0.0)).to_numpy()


class NeedsAll(Model):
    def predict(self, X: Any) -> Any:
        return X["a"].to_numpy() + np.linspace(0, 1, N)


NASTY = [Codes, Lags, Ranks, Scaled, MeansOfGroups, Hours, LooksUp, AlignsByIndex, NeedsAll]


@pytest.mark.parametrize(
    "options", [{}, {"sample_weight": WEIGHTS, "scoring": ["r2", "neg_mean_absolute_error"]}]
)
@pytest.mark.parametrize("model", NASTY)
def test_whatever_the_model_looks_at(model: type[Model], options: dict[str, Any]) -> None:
    y = model().predict(TABLE) + 0.1 * np.random.default_rng(1).normal(size=N)
    both(model().fit(None), TABLE, y, n_repeats=2, **options)


def test_a_column_that_is_not_read_weighs_exactly_nothing_on_a_sorted_table() -> None:
    found = permutation_importance(Codes(), TABLE, Codes().predict(TABLE), random_state=0)
    assert found.importances[2].tolist() == [0.0] * 5


@pytest.mark.parametrize("max_samples", [500, 0.5])
@pytest.mark.parametrize("model", [Codes, LooksUp, Hours])
@pytest.mark.filterwarnings("ignore:max_samples")
def test_rows_that_are_drawn_keep_their_index(model: type[Model], max_samples: Any) -> None:
    both(model(), TABLE, WIND, max_samples=max_samples, n_repeats=2)
    both(
        model(), TABLE.set_index(pd.RangeIndex(N)) if model is Codes else TABLE, WIND, max_samples=max_samples
    )


INDEXES = {
    "dates": SMALL.index,
    "twice": pd.Index(np.arange(len(SMALL)) // 2),
    "levels": pd.MultiIndex.from_arrays([np.arange(len(SMALL)) // 10, np.arange(len(SMALL)) % 10]),
    "texts": pd.Index([f"row {k % 100}" for k in range(len(SMALL))]),
    "positions": pd.RangeIndex(len(SMALL)),
}


class ReadsIndex(Model):
    def predict(self, X: Any) -> Any:
        return X["a"].to_numpy() + np.array([hash(entry) % 1000 for entry in X.index]) / 1000


@pytest.mark.parametrize("index", INDEXES)
def test_any_index(index: str) -> None:
    frame = SMALL.set_index(INDEXES[index])
    both(ReadsIndex(), frame, ReadsIndex().predict(frame))


class Draws(Model):
    """From a generator of its own, from numpy's, by how often it was called."""

    def __init__(self, kind: str = "own") -> None:
        self.kind = kind

    def fit(self, X: Any, y: Any = None) -> Any:
        self.generator_, self.calls_ = np.random.RandomState(0), 0
        return self

    def predict(self, X: Any) -> Any:
        self.calls_ += 1
        if self.kind == "calls":
            return X["a"].to_numpy() * self.calls_
        generator = self.generator_ if self.kind == "own" else np.random
        return X["a"].to_numpy() + generator.normal(size=len(X))


@pytest.mark.parametrize("kind", ["own", "numpy", "calls"])
@pytest.mark.parametrize("seed", [0, 7])
def test_chance_is_drawn_in_the_order_of_scikit_learn(kind: str, seed: int) -> None:
    from sklearn.inspection import permutation_importance as theirs

    found = []
    for call in (permutation_importance, theirs):
        np.random.seed(1)
        model = Draws(kind).fit(None)
        found.append(call(model, SMALL, SMALL["a"], random_state=seed, scoring="neg_mean_squared_error"))
        found[-1].calls, found[-1].next = model.calls_, np.random.random()
    np.testing.assert_allclose(found[0].importances, found[1].importances, rtol=1e-12)
    assert (found[0].calls, found[0].next) == (found[1].calls, found[1].next)


class Labels(ClassifierMixin, BaseEstimator):
    """Calls the larger half of a table "yes"."""

    def fit(self, X: Any, y: Any) -> Any:
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> Any:
        values = np.asarray(X)[:, 0]
        return np.where(values > np.median(values), "yes", "no")


def own(kind: str) -> Any:
    """scikit-learn's own estimators that look at several rows, or draw."""
    X, y = np.abs(SMALL[["a", "unused"]].to_numpy()), SMALL["a"].to_numpy()
    if kind == "labels":
        return Labels(), X, np.where(y > 0, "yes", "no")
    if kind == "dummy":
        return DummyClassifier(strategy="stratified", random_state=0), X, y > 0
    if kind == "factors":
        return make_pipeline(NMF(2, init="random", random_state=0, tol=1e-2), LinearRegression()), X, y
    if kind == "imputed":
        X[::50, 0] = np.nan
        imputer = IterativeImputer(sample_posterior=True, random_state=0)
        return make_pipeline(imputer, LinearRegression()), X, y
    return make_pipeline(FunctionTransformer(minmax_scale), LinearRegression()), X, y


@pytest.mark.parametrize("kind", ["labels", "dummy", "factors", "function", "imputed"])
@pytest.mark.parametrize("convert", [np.asarray, pd.DataFrame])
def test_estimators_of_scikit_learn_that_see_several_rows(kind: str, convert: Any) -> None:
    from sklearn.inspection import permutation_importance as theirs

    found = []
    for call in (permutation_importance, theirs):
        model, X, y = own(kind)
        X = convert(X)
        found.append(call(model.fit(X, y), X, y, random_state=0, n_repeats=3).importances)
    np.testing.assert_allclose(*found, rtol=1e-9, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("model", [Codes, Lags])
def test_several_jobs(model: type[Model]) -> None:
    y = model().predict(TABLE)
    both(model(), TABLE, y, n_jobs=2, n_repeats=2)
