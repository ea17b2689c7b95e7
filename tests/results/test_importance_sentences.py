"""What an importance says in sentences."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import weighin
from weighin import InputError
from weighin._inference import IDENTITY

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(RNG.normal(size=(800, 3)), columns=["a", "b", "c"])
Y = 3 * FRAME["a"] + FRAME["b"] + RNG.normal(size=800)


def weigh(n_repeats, **options):
    """Weigh a line that does not read c."""
    line = lambda frame: 3 * frame["a"] + frame["b"]  # noqa: E731
    return weighin.weigh(line, FRAME, Y, n_repeats=n_repeats, metric="mae", random_state=0, **options)


def result(values, half, metric="mae", **more):
    """A result with such importances and such halves of 95% intervals."""
    imp = weigh(5)
    judged = dataclasses.replace(
        imp._judged,
        estimate=np.array(values, dtype=float),
        se=np.array(half) / 1.96,
        skewness=np.zeros(3),
        df=np.full(3, 1e9),
        few_rows=np.zeros(3, dtype=bool),
    )
    made = dataclasses.replace(
        imp,
        **{
            "importances": np.array(values, dtype=float)[:, None],
            "metric": metric,
            "link": IDENTITY,
            **more,
        },
    )
    made.__dict__["_judged"] = judged
    return made


def test_the_average_miss_gets_worse_by_as_many_digits_as_the_interval_bears():
    told = result([7.8123, 2.0, 0.01], [0.5, 0.2, 0.05]).summary().splitlines()
    assert told[1] == "Shuffling a makes the average miss 7.8 worse (95% interval 7.3 to 8.3)."
    assert told[2] == "Next comes b: 2.0 (95% interval 1.8 to 2.2)."
    assert told[3] == (
        "Beside the other columns, this model barely uses c: it cannot be told apart from zero."
    )


def test_wide_intervals_leave_open_what_narrow_ones_deny():
    text = result([7.8, 2.0, 0.1], [0.5, 3.0, 4.0]).summary()
    assert "b and c cannot be told apart from zero on these rows" in text
    assert "barely uses b" not in text


def test_shares_are_told_in_percentage_points():
    imp = result([0.128, 0.02, 0.0], [0.01, 0.005, 0.002], "accuracy", greater_is_better=True, baseline=0.9)
    text = imp.summary()
    assert "Before any shuffle the accuracy is 90.0%" in text
    assert "Shuffling a lowers the accuracy by 12.8 percentage points (95% interval 11.8 to 13.8)." in text


@pytest.mark.parametrize(
    ("baseline", "written"), [(78_892.4, "78,892"), (-31.39, "−31.39"), (0.78891, "0.7889")]
)
def test_the_baseline_is_written_as_all_numbers_are(baseline, written):
    imp = result([7.8, 2.0, 0.0], [0.5, 0.2, 0.05], "my_metric", baseline=baseline)
    assert f"Before any shuffle my_metric is {written}, on" in imp.summary()
    assert f"Baseline my_metric {written} (lower is better)" in str(imp)


@pytest.mark.parametrize(
    ("metric", "told"),
    [
        ("rmse", "makes the root mean squared error 7.8 worse"),
        ("roc_auc", "makes the area under the ROC curve 7.8 worse"),
        ("error_rate", "raises the error rate by 780 percentage points"),
        ("prediction_change", "moves the prediction by 7.8"),
        ("my_metric", "makes my_metric 7.8 worse"),
    ],
)
def test_metrics_have_words_of_their_own(metric, told):
    assert told in result([7.8, 2.0, 0.0], [0.5, 0.2, 0.05], metric).summary()


def test_what_a_reader_must_know_is_there():
    text = result([7.8, 2.0, -3.0], [0.5, 0.2, 0.5], on_training_rows=True, simulated=True).summary()
    assert text.startswith("SIMULATED DATA")
    assert "trained on some of these rows: it may rely on noise it memorised" in text
    assert "Shuffling c makes the model better on these rows" in text
    assert "%" not in text.replace("95% interval", ""), "no shares of a total"
    part = result([7.8, 2.0, 1.0], [0.5, 0.2, 0.5], complete=False, unfinished=("d",))
    assert "Not finished: 'd'." in part.summary()


def test_the_others_are_summed_up():
    text = "\n".join(result([7.8, 2.0, 1.0], [0.5, 0.2, 0.1]).tell(limit=1).sentences)
    assert "Next comes" not in text
    assert "b and c weigh less." in text
    with pytest.raises(InputError, match="limit must be an integer >= 1, got 0"):
        weigh(1).tell(limit=0)


def test_unused_columns_are_not_called_unimportant():
    text = weigh(3).summary()
    assert "No shuffle of c changed the average miss at all." in text
    assert "unimportant" not in text
