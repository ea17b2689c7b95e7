"""Sample weights: a pair of rows weighs as its receiver times its donor."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lines import FEATURES, line, table, weigh
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, mean_absolute_error, r2_score, roc_auc_score

import weighin
from swaps import donor_rows
from weighin import InputError, MetricError
from weighin._samplers import MarginalSampler

FRAME, Y = table(400)
LABELS = (Y > 0).astype(int)
WEIGHTS = np.random.default_rng(8).gamma(2.0, size=400)


@pytest.mark.parametrize("metric", ["mae", "rmse", "r2", "roc_auc"])
def test_equal_weights_are_no_weights(metric):
    y = LABELS if metric == "roc_auc" else Y
    plain, equal = (
        weigh(FRAME, y, metric=metric, sample_weight=given, n_repeats=4)
        for given in (None, np.full(400, 2.5))
    )
    np.testing.assert_allclose(equal.importances, plain.importances, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(equal.importances_mean, plain.importances_mean, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(equal.se, plain.se, rtol=1e-5, atol=1e-12)
    assert equal.baseline == pytest.approx(plain.baseline)


def all_pairs(rows: np.ndarray, y: np.ndarray, w: np.ndarray) -> float:
    """What swapping the first column changes of the squared error, over all pairs of different rows."""
    own, total, weight = line(rows), 0.0, 0.0
    for i in range(len(rows)):
        for k in range(len(rows)):
            if i != k:
                after = (own[i] + 3 * (rows[k, 0] - rows[i, 0]) - y[i]) ** 2
                change = after - (own[i] - y[i]) ** 2
                total, weight = total + w[i] * w[k] * change, weight + w[i] * w[k]
    return total / weight


def shifts_in_both_directions(n: int, seed: int) -> np.ndarray:
    """Donors of `weigh` with all shifts it makes, and those of their reverses: every pair once."""
    forward = donor_rows(MarginalSampler(n, (n - 1) // 2, seed))
    return np.concatenate([forward, np.argsort(forward, axis=1)])


@given(st.integers(0, 500), st.sampled_from([5, 7, 11]))
@settings(max_examples=15)
def test_all_shifts_of_a_block_are_all_its_pairs(seed, n):
    """With an odd number of rows, the shifts of `weigh` and their reverses are all pairs, weighted or not."""
    rng = np.random.default_rng(seed)
    rows, w = rng.normal(size=(n, 3)), rng.gamma(1.0, size=n)
    y = line(rows) + rng.normal(size=n)
    given = shifts_in_both_directions(n, seed)
    pairs = w * w[given]
    swapped = line(rows)[None] + 3 * (rows[given, 0] - rows[None, :, 0])
    change = (swapped - y) ** 2 - (line(rows) - y) ** 2
    assert (pairs * change).sum() / pairs.sum() == pytest.approx(all_pairs(rows, y, w), rel=1e-9)
    imp = weighin.weigh(
        line,
        rows,
        y,
        metric="mse",
        sample_weight=w,
        n_repeats=(n - 1) // 2,
        random_state=seed,
        features=["x0"],
    )
    half = len(given) // 2
    assert imp.importances_mean[0] == pytest.approx(
        (pairs * change)[:half].sum() / pairs[:half].sum(), rel=1e-9
    )


@given(st.integers(0, 500))
@settings(max_examples=10)
def test_copies_of_rows_swap_with_each_other_and_weights_do_not(seed):
    """theta_dup = theta_w (W^2 - sum w^2) / (W (W - 1)), exactly, over all pairs."""
    rng = np.random.default_rng(seed)
    rows, w = rng.normal(size=(6, 3)), rng.integers(1, 4, size=6)
    y, total = line(rows) + rng.normal(size=6), w.sum()
    copies = np.repeat(np.arange(6), w)
    duplicated = all_pairs(rows[copies], y[copies], np.ones(total))
    weighted = all_pairs(rows, y, w.astype(float))
    assert duplicated == pytest.approx(weighted * (total**2 - (w**2).sum()) / (total * (total - 1)), rel=1e-9)


def test_a_row_without_weight_is_not_there():
    """Neither as receiver nor as donor: what it holds is of no account."""
    weights = WEIGHTS.copy()
    weights[:150] = 0
    odd = FRAME.copy()
    odd.loc[:149, "a"] = 1e6
    one, other = (
        weigh(frame, Y, sample_weight=weights, metric=["mae", "r2"], n_repeats=3) for frame in (FRAME, odd)
    )
    np.testing.assert_allclose(other.importances, one.importances, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(other.of("r2").se, one.of("r2").se, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("metric", "score"),
    [
        ("mae", lambda pred, w: mean_absolute_error(Y, pred, sample_weight=w)),
        ("r2", lambda pred, w: r2_score(Y, pred, sample_weight=w)),
        ("roc_auc", lambda pred, w: roc_auc_score(LABELS, pred, sample_weight=w)),
    ],
)
def test_baselines_are_those_of_scikit_learn(metric, score):
    y = LABELS if metric == "roc_auc" else Y
    imp = weigh(FRAME, y, metric=metric, sample_weight=WEIGHTS, n_repeats=1)
    assert imp.baseline == pytest.approx(score(line(FRAME), WEIGHTS))


def test_a_function_of_weights_gets_those_of_the_pairs():
    def weighted(y, pred, sample_weight=None):
        return float(np.average(abs(y - pred), weights=sample_weight))

    own = weigh(FRAME, Y, metric="mae", sample_weight=WEIGHTS, n_repeats=3)
    theirs = weigh(
        FRAME, Y, metric=weighted, greater_is_better=False, sample_weight=WEIGHTS, n_repeats=3, features=["a"]
    )
    assert theirs.baseline == pytest.approx(own.baseline)
    # blocks of 16 rows for one, one block for the other: other donors, the same truth
    assert abs(theirs.importances_mean[0] - own.importances_mean[0]) < 4 * own.se[0]


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["mae", "r2", "roc_auc", "f1"])
def test_unused_features_weigh_nothing_whatever_the_weights(metric):
    model = LogisticRegression().fit(FRAME[["a", "b"]], LABELS) if metric == "f1" else line
    features = ["a", "b"] if metric == "f1" else FEATURES
    y = Y if metric in ("mae", "r2") else LABELS
    imp = weigh(FRAME, y, model, metric=metric, sample_weight=WEIGHTS, features=features)
    if metric == "f1":
        expected = f1_score(LABELS, model.predict(FRAME[["a", "b"]]), sample_weight=WEIGHTS)
        assert imp.baseline == pytest.approx(expected)
    else:
        assert (imp.importances[2] == 0).all()
        assert (imp.importances_mean[2], imp.se[2]) == (0.0, 0.0)
    assert imp.ci_lower[0] > 0


def test_uneven_weights_cost_rows():
    even, uneven = (weigh(FRAME, Y, sample_weight=w) for w in (np.ones(400), WEIGHTS**4))
    assert uneven.se[0] > 1.5 * even.se[0]


@pytest.mark.parametrize(("heavy", "few"), [(10, True), (11, False)])
def test_fewer_than_twenty_rows_that_carry_the_variance_are_few(heavy, few):
    """(sum w^2)^2 / sum w^4 is 19.2 for ten rows of weight 10 among 400, 20.0 for eleven."""
    weights = np.where(np.arange(400) < heavy, 10.0, 1.0)
    frame = weigh(FRAME, Y, sample_weight=7 * weights, n_repeats=5, features=["a", "b"]).to_frame()
    assert (frame["few_rows"] == few).all()
    strata = np.arange(400) % 2
    frame = weigh(FRAME, Y, sample_weight=weights, within=strata, n_repeats=5, features=["a"]).to_frame()
    assert frame["few_rows"][0] == (heavy == 10)


def test_weights_by_name_are_weights_as_values():
    by_name = weigh(FRAME.assign(w=WEIGHTS), Y, sample_weight="w", n_repeats=2)
    np.testing.assert_array_equal(
        by_name.importances, weigh(FRAME, Y, sample_weight=WEIGHTS, n_repeats=2).importances
    )


def test_a_segment_without_weight_is_missing_and_named():
    weights = np.r_[np.zeros(200), np.ones(200)]
    imp = weigh(
        FRAME, Y, sample_weight=weights, by=np.arange(400) // 200, metric=["mae", "rmse"], n_repeats=2
    )
    for metric in ("mae", "rmse"):
        assert f"{metric} is not defined for segment 0: there are no numbers for it." in imp.notes
        assert np.isnan(imp.of(metric, 0).importances).all()
        assert np.isnan(imp.of(metric, 0).se).all()
        assert imp.of(metric, 1).se[0] > 0


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        (-WEIGHTS, "finite and >= 0; 400 of 400 are not, the first in row 0"),
        (np.where(np.arange(400) == 3, np.nan, WEIGHTS), "1 of 400 are not, the first in row 3: nan"),
        (np.where(np.arange(400) == 3, np.inf, WEIGHTS), "the first in row 3: inf"),
        (np.zeros(400), "0 for every row"),
        (np.eye(400)[0], "0 for all rows but one"),
        (WEIGHTS[:5], "sample_weight must have 400 values as X has rows, got 5"),
        (["heavy"] * 400, "sample_weight must hold numbers"),
        (WEIGHTS * 1j, "sample_weight must hold numbers, got complex128"),
        (WEIGHTS[:, None], "one value per row, got shape"),
        ("weight", "Unknown column 'weight' in sample_weight"),
    ],
)
def test_what_weighs_no_rows_is_refused(weights, told):
    with pytest.raises(InputError, match=told):
        weigh(FRAME, Y, sample_weight=weights)


def test_a_metric_without_weights_says_so():
    with pytest.raises(MetricError, match="takes no sample weights"):
        weigh(FRAME, Y, metric=lambda y, pred: 0.0, greater_is_better=True, sample_weight=WEIGHTS)


@pytest.mark.parametrize("metric", ["mse", "r2", "neg_median_absolute_error"])
@pytest.mark.parametrize("size", [1e-320, 1e-200, 1e-100, 1e160, 1e300])
def test_weights_count_in_proportion_however_small_or_large(size: float, metric: str) -> None:
    rng = np.random.default_rng(0)
    X, weights = rng.normal(size=(500, 2)), rng.random(500)
    y = X[:, 0] + rng.normal(size=500)

    def importance(weights: np.ndarray) -> weighin.Importance:
        return weighin.weigh(
            lambda X: X[:, 0], X, y, metric=metric, n_repeats=3, sample_weight=weights, random_state=0
        )

    found, expected = importance(weights * size), importance(weights)
    np.testing.assert_allclose(found.importances, expected.importances, rtol=1e-3 if size < 1e-300 else 1e-10)
    np.testing.assert_allclose(found.se, expected.se, rtol=1e-3 if size < 1e-300 else 1e-10)
