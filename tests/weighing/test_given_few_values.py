"""Importance given columns of few values, which tell nothing or little: rows that are alike there stay alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import weighin

# each fits what columns tell of each other
pytestmark = pytest.mark.slow


def table(n: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    two = rng.integers(0, 2, n).astype(float)
    return pd.DataFrame(
        {
            "x": rng.normal(size=n) + 0.5 * two,
            "kind": rng.choice(list("pqr"), n),
            "five": rng.integers(0, 5, n).astype(float),
            "gap": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
            "two": two,
            "name": rng.choice(list("uvw"), n),
            "z": rng.normal(size=n),
        }
    )


def model(rows: pd.DataFrame) -> np.ndarray:
    kind = rows["kind"].map({"p": 0, "q": 1, "r": 2}).to_numpy(dtype=float)
    gap = rows["gap"].fillna(2.0).to_numpy()
    return rows["x"].to_numpy() + kind + 0.5 * rows["five"].to_numpy() + gap


@pytest.mark.parametrize("n", [300, 3000, 25_000])
@pytest.mark.parametrize("given", [["two"], ["name"], ["two", "name"], ["z"], "rest"])
def test_what_given_columns_do_not_tell_is_shuffled_as_without_them(n, given):
    X = table(n)
    y = model(X) + np.random.default_rng(1).normal(size=n)
    imp = weighin.weigh(
        model, X, y, metric="mse", features=["x", "kind", "five", "gap"], given=given, n_repeats=5,
        random_state=0, outputs="number", progress=False,
    )  # fmt: skip
    # twice the variance that the given columns leave of what the model takes of a feature
    of_x = 2 * X["x"].var() if given in (["name"], ["z"]) else 2.0
    gap = 2 * X["gap"].fillna(2.0).var()
    truth = np.array([of_x, 2 * 2 / 3, 2 * 0.25 * 2, gap])
    assert np.abs(imp.importances_mean - truth).max() < 4.5 * imp.se.max()
    np.testing.assert_allclose(imp.importances_mean, truth, rtol=0.25 if n == 300 else 0.09)


def test_parts_say_the_same():
    X = table(9000)
    y = model(X) + np.random.default_rng(1).normal(size=9000)
    X["y"] = y
    plan = weighin.plan_parts(
        model, X[:4000], y="y", metric="mse", features=["x", "kind"], given=["two"], n_repeats=5,
        random_state=0, outputs="number",
    )  # fmt: skip
    imp = weighin.join_parts([weighin.weigh_part(model, X, plan)])
    np.testing.assert_allclose(imp.importances_mean, [2.0, 4 / 3], rtol=0.09)
