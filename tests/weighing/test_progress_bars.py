"""Whatever is asked, every bar ends exactly at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from lines import line, table, weigh
from sklearn.linear_model import LogisticRegression

FRAME, Y = table(1200)
LABELS = (Y > 0).astype(int)
CLASSIFIER = LogisticRegression().fit(FRAME, LABELS)


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[list[Any]]:
    """Of each bar what it says, its end, and the steps it makes."""
    shown: list[list[Any]] = []

    @contextmanager
    def watched(what: str, total: int, show: bool | None) -> Iterator[Any]:
        steps: list[int] = []
        shown.append([what, total, steps])
        yield steps.append

    monkeypatch.setattr("weighin._weigh.experiment.tracking", watched)
    return shown


def ends(bars: list[list[Any]]) -> None:
    assert bars
    for what, total, steps in bars:
        assert sum(steps) == total > 0, what
        assert min(steps) > 0


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"n_repeats": 3},
        {"metric": ["mae", "rmse", "r2", "prediction_change"], "by": np.arange(1200) % 3},
        {"within": np.arange(1200) // 300, "sample_weight": np.arange(1200) + 1.0},
        {"within": np.arange(1200) // 5, "n_repeats": 2},
        {"max_seconds": 1000},
        {"keep_rows": True, "n_repeats": 2},
        {"groups": {"both": ["a", "b"]}, "n_repeats": 2},
        {"features": ["a"]},
    ],
)
def test_of_means_over_rows(bars, asked):
    weigh(FRAME, Y, **asked)
    ends(bars)
    assert [what for what, _, _ in bars][-1] in ("Weighing", "Choosing the number of shuffles")


@pytest.mark.parametrize(
    "asked",
    [
        {"metric": "roc_auc"},
        {"metric": ["roc_auc", "mae"], "by": np.arange(1200) % 3, "n_repeats": 2},
        {"metric": "average_precision", "n_repeats": 2},
        {"metric": ["average_precision", "roc_auc"], "max_memory": 1},
    ],
)
def test_of_metrics_of_all_rows_at_once(bars, asked):
    weigh(FRAME, LABELS, **asked)
    ends(bars)


@pytest.mark.parametrize(
    "metric",
    [
        "neg_log_loss",
        ["accuracy", "neg_log_loss"],
        ["roc_auc", "f1", "neg_log_loss"],
        ["f1", "roc_auc", "accuracy"],
    ],
)
def test_of_metrics_that_read_different_answers_of_a_model(bars, metric):
    weigh(FRAME, LABELS, CLASSIFIER, metric=metric, n_repeats=3)
    ends(bars)


def test_of_steps_towards_a_precision(bars):
    weigh(*table(20_000), precision=0.01)
    ends(bars)
    assert len(bars) > 1


def test_of_several_models(bars):
    weigh(FRAME, Y, [line, lambda rows: line(rows) + 1], n_repeats=2)
    ends(bars)
    assert len(bars) == 2
