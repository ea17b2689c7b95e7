"""Predictions that come in a Series are taken in the order of their index, where it is that of the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import weighin

N = 400
rng = np.random.default_rng(0)
FRAME = pd.DataFrame({"a": rng.normal(size=N), "b": rng.normal(size=N)}, index=rng.permutation(N) * 3)
TARGET = FRAME["a"].to_numpy()


class Sorts:
    """Gives its rows back in the order of another column."""

    def predict(self, frame: pd.DataFrame) -> Any:
        return frame.sort_values("b")["a"]


@pytest.mark.parametrize("model", [Sorts(), Sorts().predict], ids=["estimator", "function"])
@pytest.mark.parametrize("batch_size", [None, 50])
def test_a_series_in_another_order(model: Any, batch_size: int | None) -> None:
    found = weighin.weigh(model, FRAME, TARGET, metric="mae", batch_size=batch_size, random_state=0)
    plain = weighin.weigh(lambda frame: frame["a"], FRAME, TARGET, metric="mae", random_state=0)
    assert found.baseline == 0
    np.testing.assert_array_equal(found.importances, plain.importances)


def test_an_index_of_its_own_says_nothing() -> None:
    found = weighin.weigh(
        lambda frame: pd.Series(frame["a"].to_numpy()), FRAME, TARGET, metric="mae", random_state=0
    )
    assert found.baseline == 0


def test_another_order_of_rows_with_the_same_index_is_refused() -> None:
    twice = FRAME.set_index(np.arange(N) // 2)
    with pytest.raises(weighin.ModelError, match="in another order than its rows, and several rows"):
        weighin.weigh(Sorts(), twice, TARGET, metric="mae", random_state=0)


def later(kept: list[np.ndarray], frame: pd.DataFrame) -> np.ndarray:
    """Overwrites what it gave before."""
    for pred in kept:
        pred[:] = 99.0
    kept.append(frame["a"].to_numpy(copy=True))
    return kept[-1]


def test_what_becomes_of_predictions_later_changes_nothing() -> None:
    kept: list[np.ndarray] = []
    found = weighin.weigh(lambda frame: later(kept, frame), FRAME, TARGET, metric="mae", random_state=0)
    assert found.baseline == 0
    assert found["b"].importance == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.insert(0, "c", 1.0),
        lambda frame: frame.pop("b"),
        lambda frame: frame.update(2 * frame),
    ],
    ids=["adds", "drops", "doubles"],
)
def test_a_model_may_do_what_it_likes_to_the_frame_it_gets(change: Any) -> None:
    def predict(frame: pd.DataFrame) -> Any:
        values = frame["a"].to_numpy(copy=True)
        change(frame)
        return values

    before = FRAME.copy()
    found = weighin.weigh(predict, FRAME, TARGET, metric="mae", random_state=0)
    assert found.baseline == 0
    assert found["b"].importance == 0
    pd.testing.assert_frame_equal(FRAME, before)
