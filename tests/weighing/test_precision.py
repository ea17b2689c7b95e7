"""``precision=`` and ``max_seconds=``: no more work than it takes, or than there is time for."""

from __future__ import annotations

import time

import numpy as np
import polars as pl
import pytest
import torch
from lines import FEATURES, line, table, weigh

import learners
import weighin
from weighin import InputError, MetricError

N_ROWS = 60_000
FRAME, Y = table(N_ROWS)
TRUTH = weigh(FRAME, Y, metric="mae", n_repeats=1)


def reached(imp: weighin.Importance) -> float:
    """The largest standard error in parts of the largest importance."""
    return float(max(imp.of(m).se.max() / imp.of(m).importances_mean.max() for m in imp.metrics))


@pytest.mark.parametrize("metric", ["mae", "mse", "rmse", "r2", "prediction_change", ["mae", "rmse", "r2"]])
def test_it_is_reached_on_few_rows_and_the_numbers_are_right(metric):
    imp = weigh(FRAME, Y, metric=metric, precision=0.02)
    assert reached(imp) <= 0.02
    assert imp.n_rows < N_ROWS / 2
    assert imp.rows == f"{imp.n_rows:,} of {N_ROWS:,} rows, drawn at random"
    assert any("precision=0.02 was reached" in note for note in imp.notes)
    assert imp.importances[2, 0] == imp.se[2] == 0.0  # `c`, which the model does not use
    if metric == "mae":
        np.testing.assert_allclose(
            imp.importances_mean, TRUTH.importances_mean, atol=0.08 * TRUTH.importances[0, 0]
        )


def test_finer_takes_more_rows_and_the_same_seed_the_same():
    coarse, fine, again = (weigh(FRAME, Y, precision=p) for p in (0.03, 0.01, 0.01))
    assert coarse.n_rows < fine.n_rows
    np.testing.assert_array_equal(fine.importances, again.importances)
    assert fine.evidence == again.evidence


def test_features_are_left_alone_one_by_one_and_compared_where_both_were_measured():
    imp = weigh(FRAME, Y, precision=0.01)
    rows = {
        unit: max(m.n_rows for units, m in imp.evidence[0].measured if unit in units) for unit in range(3)
    }
    assert rows[0] == imp.n_rows > rows[1] == rows[2]
    apart = imp.difference("a", "b")
    expected = TRUTH.importances_mean[0] - TRUTH.importances_mean[1]
    assert apart.ci_lower < apart.difference < apart.ci_upper
    assert abs(apart.difference - expected) < 2 * (apart.ci_upper - apart.ci_lower)
    assert imp.difference("b", "c").difference == pytest.approx(imp.importances_mean[1], rel=1e-9)


def test_only_the_rows_drawn_are_encoded():
    seen = []

    def model(rows):
        seen.append(len(rows))
        return line(rows)

    imp = weigh(FRAME, Y, model, precision=0.02)
    assert sum(seen) < 8 * imp.n_rows


class Linear(torch.nn.Module):
    def forward(self, x):
        return 3 * x[:, :1] + x[:, 1:2]


class Two(torch.nn.Module):
    def forward(self, u, v):
        return 3 * u[:, :1] + v[:, :1]


def test_every_kind_of_model_and_table():
    matrix = FRAME.to_numpy()
    left, right = matrix[:, [0, 2]].astype("f4"), matrix[:, [1]].astype("f4")
    for model, X, y in (
        (line, FRAME, Y),
        (line, matrix, list(Y)),
        (lambda rows: (3 * rows["a"] + rows["b"]).to_numpy(), pl.from_pandas(FRAME), pl.Series(Y)),
        (Linear(), FRAME, Y),
        (Linear(), torch.tensor(matrix), torch.tensor(Y)),
        (Two(), (left, right), Y),
        (Two(), {"u": left, "v": right}, Y),
    ):
        imp = weighin.weigh(model, X, y, precision=0.05, random_state=0)
        assert reached(imp) <= 0.05
        assert imp.n_rows < N_ROWS


def test_learners_with_weights_and_rows_left_out(regression):
    frame = learners.games(seed=3, n_rows=12_000).assign(weight=1.0)
    frame["spread"] = frame["spread"].where(frame.index % 7 > 0)
    options = {"missing": "drop", "precision": 0.04, "random_state": 0}
    by_name = weighin.weigh(regression, frame, sample_weight="weight", **options)
    by_value = weighin.weigh(regression, frame, sample_weight=np.ones(12_000), **options)
    np.testing.assert_array_equal(by_name.importances, by_value.importances)
    assert reached(by_name) <= 0.04
    never = weighin.weigh(regression, frame, **{**options, "precision": 1e-5})
    assert never.n_rows == int(frame["spread"].notna().sum())  # every row was drawn, none twice
    assert any("there are no more rows" in note for note in never.notes)


def test_few_rows_are_all_shuffled_as_often_as_it_takes(regression):
    imp = weigh(FRAME[:500], Y[:500], precision=0.01)
    assert imp.n_rows == 500
    assert imp.n_repeats >= 5
    assert any("precision=0.01 was not reached" in n and "all rows shuffled" in n for n in imp.notes)
    own = weighin.weigh(regression, precision=0.9, random_state=0)  # the rows a learner brings along
    assert any("precision=0.9 was reached" in note for note in own.notes)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"precision": 2}, "precision must be between 0 and 1, or None, got 2"),
        ({"precision": "fine"}, "got 'fine'"),
        ({"precision": 0.1, "n_repeats": 4}, "give only one"),
        ({"precision": 0.1, "by": "a"}, "cannot be combined with within, by, given or keep_rows"),
        ({"precision": 0.1, "keep_rows": True}, "cannot be combined with"),
        ({"max_seconds": 0}, "max_seconds must be a number > 0"),
        ({"max_seconds": "1"}, "got '1'"),
    ],
)
def test_what_says_nothing_of_how_much_is_refused(options, told):
    with pytest.raises(InputError, match=told):
        weigh(FRAME[:100], Y[:100], **options)


@pytest.mark.parametrize("n_rows", [100, N_ROWS])
def test_the_area_cannot_be_foreseen(n_rows):
    with pytest.raises(MetricError, match="precision needs metrics that are means over rows"):
        weigh(FRAME[:n_rows], (Y[:n_rows] > 0) * 1, metric="roc_auc", precision=0.1)


class Clock:
    """Time that passes by a second for every so many rows predicted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, rows_a_second: int) -> None:
        self.now, self.rows_a_second = time.monotonic(), rows_a_second
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    def __call__(self, rows):
        self.now += len(rows) / self.rows_a_second
        return line(rows)


def test_time_that_runs_out_leaves_some_rows_of_all_features(monkeypatch):
    model = Clock(monkeypatch, 10_000)
    start = model.now
    imp = weigh(FRAME, Y, model, n_repeats=2, max_seconds=5)
    assert imp.complete
    assert 512 <= imp.n_rows < N_ROWS / 2
    assert any(
        (f"Stopped because time ran out, after {imp.n_rows:,} of {N_ROWS:,} rows") in n for n in imp.notes
    )
    assert model.now - start < 2 * 5
    lower, upper = imp.interval(0.999)
    assert lower[0] < TRUTH.importances_mean[0] < upper[0]


def test_time_for_some_features_only_names_the_others(monkeypatch):
    imp = weigh(FRAME[:2000], Y[:2000], Clock(monkeypatch, 100), n_repeats=2, max_seconds=2)
    assert not imp.complete
    assert imp.features + imp.unfinished == tuple(FEATURES)
    assert imp.unfinished
    assert "Not finished: 'b', 'c'." in str(imp)
    assert imp.rows == f"{imp.n_rows:,} of the 2,000 rows given, drawn at random"
    assert f"is better) on {imp.rows};" in " ".join(str(imp).split())


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision", ["roc_auc", "mae"]])
def test_metrics_of_all_rows_stop_between_features(monkeypatch, metric):
    labels = (Y[:2000] > 0).astype(int)
    model = Clock(monkeypatch, 4000)
    imp = weigh(FRAME[:2000], labels, model, metric=metric, n_repeats=2, max_seconds=2.5)
    assert imp.features
    assert imp.unfinished
    assert imp.n_rows == 2000


def test_time_enough_changes_nothing():
    """But the blocks, which are short in a run that may have to stop."""
    imp = weigh(FRAME[:3000], Y[:3000], n_repeats=2, max_seconds=1000)
    assert (imp.n_rows, imp.complete, imp.notes) == (3000, True, ())
    assert imp.block_rows == 512


def test_slow_models_stop_in_time_with_all_features_on_few_rows(monkeypatch):
    model = Clock(monkeypatch, 200)
    start = model.now
    imp = weigh(FRAME[:5000], Y[:5000], model, max_seconds=5)
    assert model.now - start < 1.5 * 5
    assert imp.features == tuple(FEATURES)
    assert imp.complete
    assert 32 <= imp.n_rows < 200
    assert imp.block_rows == 32
    assert any("Stopped because time ran out, after" in note for note in imp.notes)
    lower, upper = imp.interval(0.999)
    assert lower[0] < TRUTH.importances_mean[0] < upper[0]


@pytest.mark.parametrize("metric", ["mae", ["mae", "neg_median_absolute_error"]])
def test_a_look_at_how_many_shuffles_to_take_leaves_time_for_segments(monkeypatch, metric):
    model = Clock(monkeypatch, 2000)
    start = model.now
    imp = weigh(FRAME[:1000], Y[:1000], model, metric=metric, by=np.arange(1000) % 2, max_seconds=8)
    assert model.now - start < 2 * 8
    assert imp.segments == (0, 1)
    assert imp.of(segment=1).importances_mean[0] > 1
    assert imp.n_repeats == 5


def test_what_the_first_look_found_counts_where_there_is_no_time_for_more(monkeypatch):
    def noisy(rows):
        return clock(rows) + 0.3 * rows["c"]

    clock = Clock(monkeypatch, 2000)
    # rows kept, or a time limit: features share their shuffles
    whole = weigh(FRAME[:1000], Y[:1000], noisy, keep_rows=True)
    assert whole.n_repeats > 5
    imp = weigh(FRAME[:1000], Y[:1000], noisy, max_seconds=15)
    assert imp.complete
    assert (imp.n_rows, imp.n_repeats) == (1000, 5)
    assert f'There was no time for the {whole.n_repeats} shuffles of n_repeats="auto".' in imp.notes


def test_precision_says_what_a_slow_model_reached_in_time(monkeypatch):
    model = Clock(monkeypatch, 500)
    start = model.now
    imp = weigh(FRAME, Y, model, precision=0.01, max_seconds=5)
    assert model.now - start < 1.5 * 5
    assert imp.complete
    assert imp.n_rows < 1500
    assert any("precision=0.01 was not reached" in n and "time ran out" in n for n in imp.notes)
