"""Scorers of ranks, of shares explained and of label counts: scikit-learn's numbers on every shuffle, and intervals."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from lines import FEATURES, score_changes, table, weigh
from sklearn import metrics as reference
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import get_scorer, make_scorer
from sklearn.multioutput import MultiOutputRegressor

from swaps import donor_rows
from weighin import MetricError
from weighin._metrics import LabelCounts
from weighin._metrics.confusion import formula
from weighin._samplers import MarginalSampler

pytestmark = pytest.mark.slow

FRAME, Y = table(240, seed=3)
TWO = (Y > 0.5).astype(int)
WORDS = np.where(TWO, "yes", "no")
THREE = np.digitize(Y, [-1.5, 1.0])
# the last class is rare, and never predicted
FOUR = np.where(np.arange(len(Y)) % 60 == 0, 3, THREE)
COUNTS = np.exp(Y / 4)
AVERAGES = ("macro", "micro", "weighted")
SCORES = ["predict_proba", "decision_function"]


def scorer(name, **options):
    return make_scorer(getattr(reference, name), response_method=SCORES, **options)


def of_probabilities(name, **options):
    return make_scorer(getattr(reference, name), response_method="predict_proba", **options)


CLASSES = [
    *((name, TWO) for name in ("roc_auc", "average_precision", "d2_log_loss_score", "d2_brier_score")),
    ("average_precision", TWO + 1),
    *((scorer("average_precision_score", pos_label=label), WORDS) for label in ("no", "yes")),
    (scorer("roc_auc_score"), WORDS),
    (of_probabilities("d2_brier_score", pos_label="no"), WORDS),
    (of_probabilities("d2_log_loss_score", labels=["no", "yes"]), WORDS),
    (of_probabilities("brier_score_loss", scale_by_half=False, greater_is_better=False), TWO),
    *(
        (name, THREE)
        for name in ("roc_auc_ovr", "roc_auc_ovr_weighted", "roc_auc_ovo", "roc_auc_ovo_weighted")
    ),
    *(
        (name, THREE)
        for name in ("average_precision", "d2_log_loss_score", "d2_brier_score", "neg_brier_score")
    ),
    ("top_k_accuracy", THREE),
    (scorer("top_k_accuracy_score", k=1), THREE),
    (of_probabilities("roc_auc_score", multi_class="ovr", average="micro"), THREE),
    (of_probabilities("average_precision_score", average="micro"), THREE),
    (of_probabilities("average_precision_score", average="weighted"), THREE),
]
LABELS = [
    *(
        (name, TWO)
        for name in ("f1", "precision", "recall", "jaccard", "balanced_accuracy", "matthews_corrcoef")
    ),
    *((name, TWO) for name in ("positive_likelihood_ratio", "neg_negative_likelihood_ratio")),
    *(
        (f"{name}_{average}", THREE)
        for name in ("f1", "precision", "jaccard")
        for average in ("macro", "micro", "weighted")
    ),
    *((f"recall_{average}", THREE) for average in ("macro", "micro", "weighted")),
    *((name, THREE) for name in ("balanced_accuracy", "matthews_corrcoef")),
    (make_scorer(reference.f1_score, pos_label="no"), WORDS),
    (make_scorer(reference.fbeta_score, beta=2, average="macro", zero_division=1), FOUR),
    (make_scorer(reference.fbeta_score, beta=0.5, average="weighted", labels=[2, 0]), THREE),
    (make_scorer(reference.precision_score, average="macro", zero_division=np.nan), FOUR),
    (make_scorer(reference.jaccard_score, average="macro", labels=[2]), THREE),
    (make_scorer(reference.balanced_accuracy_score, adjusted=True), THREE),
    *(
        (make_scorer(reference.cohen_kappa_score, weights=kind), THREE)
        for kind in (None, "linear", "quadratic")
    ),
    *(
        (make_scorer(function, greater_is_better=False), THREE)
        for function in (reference.hamming_loss, reference.zero_one_loss)
    ),
    (make_scorer(reference.accuracy_score), WORDS),
]
NUMBERS = [
    *((name, Y) for name in ("r2", "explained_variance", "d2_absolute_error_score")),
    *((make_scorer(reference.d2_pinball_score, alpha=alpha), Y) for alpha in (0.2, 0.5)),
    (make_scorer(reference.mean_pinball_loss, alpha=0.2, greater_is_better=False), Y),
    *((make_scorer(reference.d2_tweedie_score, power=power), COUNTS) for power in (0, 1, 1.5, 2)),
    *((make_scorer(reference.mean_tweedie_deviance, power=power), COUNTS) for power in (0, 1.5)),
    *((name, np.stack([Y, -COUNTS], 1)) for name in ("r2", "explained_variance", "d2_absolute_error_score")),
]
# scikit-learn has no weights for the first two, and of a share explained only the baseline takes them as it does
WEIGHABLE = [
    case
    for case in (*CLASSES, *LABELS)
    if not any(word in str(case[0]) for word in ("ovo", "likelihood", "d2_"))
]


class Exponential(LinearRegression):
    """Predicts amounts above 0."""

    def fit(self, X, y):
        return super().fit(X, np.log(y))

    def predict(self, X):
        return np.exp(super().predict(X))


def fitted(y):
    if y is COUNTS:
        return Exponential().fit(FRAME, y)
    return (LinearRegression() if y.dtype == float else LogisticRegression()).fit(FRAME, y)


def taken_apart(metric):
    """Scorer, sign, and function."""
    scorer = get_scorer(metric) if isinstance(metric, str) else metric
    return scorer, scorer._sign if str(metric).startswith("neg_") or scorer._sign < 0 else 1


@pytest.mark.parametrize(("metric", "y"), [*CLASSES, *LABELS, *NUMBERS])
def test_every_shuffle_is_what_scikit_learn_says_and_has_an_interval(metric, y):
    model, (scorer, sign) = fitted(y), taken_apart(metric)
    imp = weigh(FRAME, y, model, metric=metric, n_repeats=3)
    before, changes = score_changes(
        lambda frame: sign * scorer(model, frame, y), FRAME, n_repeats=3, block_rows=imp.block_rows
    )
    assert imp.baseline == pytest.approx(before, rel=1e-9)
    worse = -changes if imp.greater_is_better else changes
    np.testing.assert_allclose(imp.importances, worse, rtol=1e-6, atol=1e-9)
    # one block of 240 rows: no part of it could be left out
    assert imp.block_rows >= len(FRAME)
    assert (imp.ci_lower < imp.importances_mean).all()
    assert (imp.importances_mean < imp.ci_upper).all()


@pytest.mark.parametrize(("metric", "y"), WEIGHABLE)
def test_sample_weights_weigh_the_pairs(metric, y):
    model, (scorer, sign) = fitted(y), taken_apart(metric)
    weights = np.random.default_rng(0).integers(0, 3, len(y)).astype(float)
    imp = weigh(FRAME, y, model, metric=metric, n_repeats=2, sample_weight=weights)
    assert imp.baseline == pytest.approx(sign * scorer(model, FRAME, y, sample_weight=weights), rel=1e-9)
    given = donor_rows(MarginalSampler(len(y), 2, 0, imp.block_rows))
    for row, name in zip(imp.importances, FEATURES, strict=True):
        for donors, importance in zip(given, row, strict=True):
            after = FRAME.assign(**{name: FRAME[name].to_numpy()[donors]})
            pairs = weights * weights[donors]
            change = [scorer(model, frame, y, sample_weight=pairs) for frame in (FRAME, after)]
            assert importance == pytest.approx(change[0] - change[1], abs=1e-7)


@pytest.mark.parametrize(("metric", "y"), LABELS)
def test_formulas_of_label_counts_have_the_slopes_of_the_functions(metric, y):
    scorer, _ = taken_apart(metric)
    function, options = scorer._score_func, dict(scorer._kwargs)
    if "likelihood" in function.__name__:
        ratio = int("negative" in function.__name__)
        options = {"replace_undefined_by": 1.0}

        def function(*labels, **more):
            return reference.class_likelihood_ratios(*labels, **more)[ratio]

    labels = np.unique(y)
    by_formula = formula(scorer._score_func.__name__, scorer._kwargs, labels)
    assert (by_formula is None) == any(word in str(scorer) for word in ("nan", "weights="))
    true = np.searchsorted(labels, y)[:, None]
    pred = np.roll(true, 7, axis=0)
    common = (
        scorer._score_func.__name__,
        partial(function, **options),
        lambda t: t[:, 0],
        lambda p: p[:, 0],
        labels,
    )
    slow, fast = (next(LabelCounts(*common, written).values(true, [pred])) for written in (None, by_formula))
    np.testing.assert_allclose(fast, slow, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("metric", ["d2_log_loss_score", "d2_brier_score", "d2_absolute_error_score"])
def test_weighted_shares_take_the_weighted_constant(metric):
    """Whole numbers as weights: the share of what the constant of the repeated rows misses by."""
    y = Y if "absolute" in metric else THREE
    model, weights = fitted(y), np.random.default_rng(1).integers(1, 4, len(y))
    repeated = np.repeat(np.arange(len(y)), weights)
    imp = weigh(FRAME, y, model, metric=metric, n_repeats=2, sample_weight=weights)
    told = get_scorer(metric)(model, FRAME.iloc[repeated], y[repeated])
    assert imp.baseline == pytest.approx(told, rel=1e-9)


@pytest.mark.parametrize(
    ("metric", "y"), [("roc_auc_ovr", THREE), ("average_precision", TWO), ("d2_log_loss_score", TWO)]
)
def test_a_segment_is_measured_as_its_rows_alone(metric, y):
    model, first = fitted(y), np.arange(len(y)) % 3 == 0
    imp = weigh(FRAME, y, model, metric=metric, n_repeats=2, by=np.where(first, "first", "others"))
    part = imp.of(segment="first")
    assert part.baseline == pytest.approx(get_scorer(metric)(model, FRAME[first], y[first]), rel=1e-9)


def test_a_segment_of_one_class_has_no_numbers_and_the_result_says_so():
    imp = weigh(FRAME, THREE, fitted(THREE), metric="roc_auc_ovr", by=np.where(THREE == 2, "top", "rest"))
    assert any("roc_auc" in note and "not defined" in note for note in imp.notes)


def test_one_class_alone_is_refused():
    model = LogisticRegression().fit(FRAME, TWO)
    for metric in ("roc_auc", "d2_log_loss_score", "d2_brier_score"):
        with pytest.raises(MetricError, match=r"one value or class only|cannot be used here"):
            weigh(FRAME, np.ones(len(TWO), dtype=int), model, metric=metric)


def test_ties_count_as_scikit_learn_counts_them():
    """Whole numbers as predictions: almost all are tied."""

    def tied(frame):
        return np.round(frame["a"] + frame["b"])

    for metric in ("roc_auc", "average_precision"):
        imp = weigh(FRAME, TWO, tied, metric=metric, n_repeats=3)
        function = reference.roc_auc_score if metric == "roc_auc" else reference.average_precision_score
        _, changes = score_changes(lambda frame, f=function: f(TWO, tied(frame)), FRAME, n_repeats=3)
        np.testing.assert_allclose(imp.importances, -changes, atol=1e-9)


def test_a_target_that_does_not_vary_counts_as_scikit_learn_counts_it():
    y = np.stack([Y, np.ones(len(Y))], 1)
    model = MultiOutputRegressor(LinearRegression()).fit(FRAME, y)
    imp = weigh(FRAME, y, model, metric="explained_variance", n_repeats=2)
    told = reference.explained_variance_score(y, model.predict(FRAME))
    assert imp.baseline == pytest.approx(told, abs=1e-9)


@pytest.mark.parametrize("options", [{}, {"by": FRAME["a"] > 0}, {"sample_weight": np.arange(len(Y)) % 3}])
def test_medians_without_blocks_are_those_of_the_function_on_the_rows_that_remain(options):
    def median_miss(y, pred, sample_weight=None):
        return reference.median_absolute_error(y, pred, sample_weight=sample_weight)

    model = fitted(Y)
    by_name = weigh(FRAME, Y, model, metric="neg_median_absolute_error", n_repeats=3, **options)
    asked = weigh(FRAME, Y, model, metric=median_miss, greater_is_better=False, n_repeats=3, **options)
    for segment in (None, *by_name.segments):
        one, other = by_name.of(segment=segment), asked.of(segment=segment)
        np.testing.assert_allclose(one.importances, other.importances, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(one.interval(), other.interval(), rtol=1e-9, atol=1e-12)


@pytest.mark.filterwarnings("ignore:No samples of the positive class", "ignore:invalid value encountered")
@pytest.mark.parametrize("name", ["positive_likelihood_ratio", "neg_negative_likelihood_ratio"])
def test_likelihood_ratios_of_rows_without_positives_are_no_numbers(name: str) -> None:
    rows = np.random.default_rng(0).normal(size=(100, 2))
    model = LogisticRegression().fit(rows, rows[:, 0] > 0)
    negative = np.zeros(100, dtype=bool)
    assert np.isnan(reference.get_scorer(name)(model, rows, negative))
    with pytest.raises(MetricError, match="is nan on the rows before any swap"):
        weigh(rows, negative, model, metric=name, n_repeats=3, features=None)


@pytest.mark.filterwarnings("ignore:No positive class found")
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_average_precision_of_a_segment_without_a_class_leaves_the_others(
    n_classes: int, weighted: bool
) -> None:
    rows = np.random.default_rng(0).normal(size=(200, 2))
    y, segment = np.digitize(rows[:, 0], [-0.5, 0.5][: n_classes - 1]), np.arange(200) % 2
    model = LogisticRegression().fit(rows, y)
    y[(segment == 1) & (y == n_classes - 1)] = 0
    more = {"sample_weight": np.ones(200)} if weighted else {}
    imp = weigh(rows, y, model, metric="average_precision", n_repeats=3, features=None, by=segment, **more)
    assert np.isfinite(imp.importances).all()
