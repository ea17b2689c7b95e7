"""What every metric owes the engine: value, direction, values per row and weights agree, whoever wrote it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from sklearn import metrics as reference

from torch_metrics import torchmetrics
from weighin._metrics import (
    Metric,
    MetricContext,
    OutputAnswers,
    Outputs,
    as_numpy,
    class_metrics,
    general,
    resolve_metric,
)
from weighin._models import as_model

RNG = np.random.default_rng(0)
N = 80
NUMBERS = RNG.gamma(4.0, size=(N, 1))
NEAR, FAR = NUMBERS + RNG.uniform(0, 0.3, (N, 1)), NUMBERS + RNG.uniform(0.5, 4.0, (N, 1))
CLASSES = RNG.integers(0, 3, (N, 1))
RIGHT = np.eye(3)[CLASSES[:, 0]]
SURE, UNSURE = (
    (lambda raw: raw / raw.sum(1, keepdims=True))(RIGHT * share + RNG.uniform(0.1, 1.0, (N, 3)))
    for share in (1.0, 0.3)
)
TWO = (CLASSES > 0) * 1
SURE_OF_TWO, UNSURE_OF_TWO = (np.stack([p[:, 0], 1 - p[:, 0]], 1) for p in (SURE, UNSURE))


@dataclass(frozen=True)
class Case:
    """A metric, a target, good and bad predictions, and what somebody else says of them.

    `reference` takes target, predictions and weights, as ``(y, pred, sample_weight=...)``.
    """

    metric: Metric
    target: Any
    good: Any
    bad: Any
    reference: Callable[..., float]


def context(target: Any, width: int) -> MetricContext:
    return MetricContext(
        "the model",
        lambda: "mae",
        OutputAnswers("the model", target, lambda: width),
        general(),
        target=target,
    )


def numbers(metric: Any, function: Callable[..., float], better: bool | None = None) -> Callable[[], Case]:
    def make() -> Case:
        resolved = resolve_metric(metric, better, context(NUMBERS, 1))
        return Case(resolved, NUMBERS, NEAR, FAR, lambda y, pred, **w: function(y[:, 0], pred[:, 0], **w))

    return make


def classes(metric: Any, function: Callable[..., float], two: bool = False) -> Callable[[], Case]:
    """`function` gets class numbers and probabilities."""

    def make() -> Case:
        target, good, bad = (TWO, SURE_OF_TWO, UNSURE_OF_TWO) if two else (CLASSES, SURE, UNSURE)
        resolved = resolve_metric(metric, None, context(target, good.shape[1]))
        return Case(resolved, target, good, bad, lambda y, pred, **w: function(y[:, 0], pred, **w))

    return make


def of_labels(function: Callable[..., float], **options: Any) -> Callable[..., float]:
    return lambda y, pred, **weights: function(y, pred.argmax(1), **options, **weights)


def of_the_second(function: Callable[..., float]) -> Callable[..., float]:
    return lambda y, pred, **weights: function(y, pred[:, 1], **weights)


def logits() -> Case:
    """Torch's own log loss, from the logarithms of probabilities."""
    good, bad = torch.tensor(np.log(SURE)), torch.tensor(np.log(UNSURE))
    return Case(
        class_metrics(Outputs("logit"))["log_loss"],
        torch.tensor(CLASSES),
        good,
        bad,
        lambda y, pred, **w: reference.log_loss(as_numpy(y)[:, 0], np.exp(as_numpy(pred)), **w),
    )


def torchmetric(name: str, function: Callable[..., float], **options: Any) -> Callable[[], Case]:
    def make() -> Case:
        metric = getattr(torchmetrics(), name)(**options)
        target = torch.tensor(NUMBERS)
        return Case(
            resolve_metric(metric, None, context(target, 1)),
            target,
            torch.tensor(NEAR),
            torch.tensor(FAR),
            lambda y, pred, **w: function(as_numpy(y)[:, 0], as_numpy(pred)[:, 0], **w),
        )

    return make


def learners(name: str, function: Callable[..., float]) -> Callable[[], Case]:
    """One of fastai's, for a learner of numbers."""

    def make() -> Case:
        fastai = pytest.importorskip("fastai.metrics")
        import learners as small

        metric = getattr(fastai, name)
        learn = small.linear([1.0], small.games()[["spread", "margin"]], "margin")
        model = as_model(learn)
        data = model.encode(None, None, "raise", True)
        target = torch.tensor(NUMBERS)
        return Case(
            resolve_metric(metric() if name[0].isupper() else metric, None, model.metric_context(data)),
            target,
            torch.tensor(NEAR),
            torch.tensor(FAR),
            lambda y, pred, **w: function(as_numpy(y)[:, 0], as_numpy(pred)[:, 0], **w),
        )

    return make


def halved_error(y: Any, pred: Any, sample_weight: Any = None) -> float:
    return float(np.average(abs(y - pred) / 2, weights=sample_weight))


CASES: dict[str, Callable[[], Case]] = {
    "mae": numbers("mae", reference.mean_absolute_error),
    "mse": numbers("mse", reference.mean_squared_error),
    "rmse": numbers("rmse", reference.root_mean_squared_error),
    "accuracy": classes("accuracy", of_labels(reference.accuracy_score)),
    "error_rate": classes("error_rate", of_labels(reference.zero_one_loss)),
    "log loss of logits": logits,
    "scorer: r2": numbers("r2", reference.r2_score),
    "scorer: mean_absolute_error": numbers("neg_mean_absolute_error", reference.mean_absolute_error),
    "scorer: root_mean_squared_error": numbers(
        "neg_root_mean_squared_error", reference.root_mean_squared_error
    ),
    "scorer: mean_absolute_percentage_error": numbers(
        "neg_mean_absolute_percentage_error", reference.mean_absolute_percentage_error
    ),
    "scorer: mean_squared_log_error": numbers("neg_mean_squared_log_error", reference.mean_squared_log_error),
    "scorer: median_absolute_error": numbers("neg_median_absolute_error", reference.median_absolute_error),
    "scorer: explained_variance": numbers("explained_variance", reference.explained_variance_score),
    "scorer: max_error": numbers("neg_max_error", reference.max_error),
    "scorer: f1_macro": classes("f1_macro", of_labels(reference.f1_score, average="macro")),
    "scorer: balanced_accuracy": classes("balanced_accuracy", of_labels(reference.balanced_accuracy_score)),
    "scorer: log_loss": classes("neg_log_loss", reference.log_loss),
    "scorer: brier_score": classes("neg_brier_score", of_the_second(reference.brier_score_loss), two=True),
    "scorer: roc_auc": classes("roc_auc", of_the_second(reference.roc_auc_score), two=True),
    "scorer: average_precision": classes(
        "average_precision", of_the_second(reference.average_precision_score), two=True
    ),
    "made by make_scorer": numbers(
        reference.make_scorer(halved_error, greater_is_better=False), halved_error
    ),
    "function": numbers(halved_error, halved_error, better=False),
    "torchmetrics: MeanAbsoluteError": torchmetric("MeanAbsoluteError", reference.mean_absolute_error),
    "torchmetrics: MeanSquaredError, rooted": torchmetric(
        "MeanSquaredError", reference.root_mean_squared_error, squared=False
    ),
    "torchmetrics: R2Score": torchmetric("R2Score", reference.r2_score),
    "fastai: mae": learners("mae", reference.mean_absolute_error),
    "fastai: rmse": learners("rmse", reference.root_mean_squared_error),
    "fastai: R2Score": learners("R2Score", reference.r2_score),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]()


def spread(target: Any) -> float:
    """Second component of R2: the variance of the target."""
    return float(as_numpy(target).var())


def test_its_value_is_the_references(case: Case) -> None:
    for pred in (case.good, case.bad):
        assert case.metric.score(case.target, pred) == pytest.approx(
            case.reference(case.target, pred), rel=1e-5
        )


def test_its_direction_says_which_predictions_are_better(case: Case) -> None:
    better = case.metric.score(case.target, case.good) > case.metric.score(case.target, case.bad)
    assert better == case.metric.greater_is_better


def test_the_mean_over_rows_gives_its_value(case: Case) -> None:
    if case.metric.per_row is None:
        return
    losses = as_numpy(case.metric.per_row(case.target, case.bad)).astype(float)
    assert losses.shape == (N,)
    value = case.metric.link.value(losses.mean(), spread(case.target))
    assert float(value) == pytest.approx(case.metric.score(case.target, case.bad), rel=1e-5)


def test_the_weighted_mean_over_rows_is_the_references(case: Case) -> None:
    metric = case.metric
    if metric.per_row is None or metric.link.needs_spread:
        return
    weights = np.random.default_rng(1).uniform(0.5, 2.0, N)
    losses = as_numpy(metric.per_row(case.target, case.bad)).astype(float)
    expected = case.reference(case.target, case.bad, sample_weight=weights)
    assert float(metric.link.value(np.average(losses, weights=weights))) == pytest.approx(expected, rel=1e-5)


def test_any_number_of_shuffles_is_measured_at_once(case: Case) -> None:
    if case.metric.per_row is None:
        return
    stack = torch.stack if isinstance(case.good, torch.Tensor) else np.stack
    both = as_numpy(case.metric.per_row(case.target, stack([case.good, case.bad])))
    for losses, pred in zip(both, (case.good, case.bad), strict=True):
        np.testing.assert_array_equal(losses, as_numpy(case.metric.per_row(case.target, pred)))


def test_what_is_not_a_number_stays_in_its_row(case: Case) -> None:
    if case.metric.per_row is None:
        return
    pred = case.bad.clone() if isinstance(case.bad, torch.Tensor) else case.bad.copy()
    before = as_numpy(case.metric.per_row(case.target, pred))
    pred[3] = np.nan
    after = as_numpy(case.metric.per_row(case.target, pred))
    np.testing.assert_array_equal(np.delete(after, 3), np.delete(before, 3))
    if case.target.shape == pred.shape:
        assert np.isnan(after[3])


def test_values_of_shuffles_average_to_the_metric(case: Case) -> None:
    metric = case.metric
    if metric.values is None:
        return
    weights = np.random.default_rng(1).uniform(0.5, 2.0, N)
    for given in (None, [weights, weights]):
        values = list(metric.values(case.target, [case.bad, case.bad], given))
        assert [value.shape for value in values] == [(N,), (N,)]
        extra = {} if given is None else {"sample_weight": weights}
        expected = case.reference(case.target, case.bad, **extra)
        assert np.average(values[0], weights=extra.get("sample_weight")) == pytest.approx(expected, rel=1e-5)


def test_sample_weights_are_the_references(case: Case) -> None:
    if not case.metric.weighable:
        return
    weights = np.random.default_rng(1).uniform(0.5, 2.0, N)
    score = case.metric.score(case.target, case.bad, weights)
    assert score == pytest.approx(case.reference(case.target, case.bad, sample_weight=weights), rel=1e-5)
    twice = case.metric.score(case.target, case.bad, 2 * weights)
    assert twice == pytest.approx(score, rel=1e-9)
    even = case.metric.score(case.target, case.bad, np.ones(N))
    assert even == pytest.approx(case.metric.score(case.target, case.bad), rel=1e-5)


def test_what_it_has_per_row_is_said_once(case: Case) -> None:
    assert case.metric.by_rows == (case.metric.per_row is not None or case.metric.values is not None)
    assert case.metric.per_row is None or case.metric.values is None
    assert case.metric.values is not None or not case.metric.averages


def test_every_general_metric_is_among_the_cases() -> None:
    assert set(general()) - {"prediction_change"} <= set(CASES)
