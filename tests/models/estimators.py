"""Tables, pipelines and permutation importances by hand, for tests of estimators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from swaps import donor_rows
from weighin import weigh
from weighin._samplers import MarginalSampler

N = 150


def table(seed: int = 0, n: int = N) -> pd.DataFrame:
    """Every kind of column; `unused` plays no part in the target."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "team": rng.choice(["Army", "Navy", "Rice"], n),
            "kind": pd.Categorical(rng.choice(["home", "away"], n), categories=["home", "away", "none"]),
            "elo": rng.normal(1500, 100, n),
            "week": rng.integers(1, 5, n),
            "neutral": rng.random(n) < 0.3,
            "unused": 1.0,
        }
    )
    frame["margin"] = (
        0.05 * (frame["elo"] - 1500)
        + 5 * (frame["team"] == "Rice")
        + frame["week"]
        + 3 * (frame["kind"] == "away")
    )
    frame["won"] = np.where(frame["margin"] > 4, "yes", "no")
    frame["grade"] = pd.cut(frame["margin"], [-1e9, 0, 5, 1e9], labels=["bad", "fair", "good"]).astype(str)
    return frame


FRAME = table()


FEATURES = ["team", "kind", "elo", "week", "neutral", "unused"]


NUMBERS = ["elo", "week", "unused"]


X = FRAME[FEATURES]


def encoder() -> Any:
    return make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["team"]),
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["kind"]),
        ("passthrough", ["elo", "week", "neutral"]),
    )


def by_hand(
    predict: Callable[[pd.DataFrame], Any],
    frame: pd.DataFrame,
    score: Callable[[Any], float],
    *,
    n_repeats: int = 2,
    seed: int = 0,
    block_rows: int = 4096,
) -> np.ndarray:
    """What a score changes by, swap by swap, on pandas frames."""
    base, change = score(predict(frame)), []
    for name in frame.columns:
        given_by = donor_rows(MarginalSampler(len(frame), n_repeats, seed, block_rows))
        moved = [frame.assign(**{name: frame[name].iloc[given].set_axis(frame.index)}) for given in given_by]
        change.append([score(predict(rows)) - base for rows in moved])
    return np.array(change)


def importances(model: Any, rows: Any, y: Any, metric: Any = None, **options: Any) -> np.ndarray:
    return weigh(model, rows, y, metric=metric, n_repeats=2, random_state=0, **options).importances


def close(found: Any, expected: Any) -> None:
    # double precision; what is added up in another order differs by some roundings of numbers up to a thousand
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


def scored_by_hand(scorer: Any, model: Any, rows: Any, y: Any) -> np.ndarray:
    """What a scorer of scikit-learn loses, estimator and all."""
    # metrics of unknown form exchange values in smaller blocks, which can be left out
    blocks = weigh(model, rows, y, metric=scorer, n_repeats=2, random_state=0).block_rows
    return -by_hand(lambda frame: frame, rows, lambda frame: scorer(model, frame, y), block_rows=blocks)
