"""Metrics: what is measured, row by row where it can be, and which direction is better.

Functions here take numpy arrays and torch tensors alike. Predictions have shape (..., n_rows, n_outputs) and targets
(n_rows, n_targets): any number of shuffles is measured at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from weighin._errors import MetricError, listing, nearest


@dataclass(frozen=True)
class Metric:
    """A number that says how good predictions are, or how far they moved.

    Attributes
    ----------
    name : str
        What tables and charts call it.
    greater_is_better : bool
        False for errors and losses. An importance is positive when shuffling makes the metric worse.
    score : callable
        ``score(target, pred) -> float`` over all rows; `pred` of shape (n_rows, n_outputs).
    per_row : callable or None
        ``per_row(target, pred)`` of shape (..., n_rows) whose mean over rows is the score; None for a metric that is
        a function of a mean over rows (AUC, R2).
    against : {"target", "baseline"}
        What predictions are compared with: the target, or the model's own predictions before the swap.
    response : str
        Method of a scikit-learn estimator whose output it takes: predict, predict_proba, decision_function.
    of_mean : {"identity", "root"}
        What the score is of the mean of `per_row`: that mean itself, or its root (RMSE of squared errors).
    """

    name: str
    greater_is_better: bool
    score: Callable[[Any, Any], float]
    per_row: Callable[[Any, Any], Any] | None = None
    against: Literal["target", "baseline"] = "target"
    response: str = "predict"
    of_mean: Literal["identity", "root"] = "identity"


def row_mean(
    name: str, per_row: Callable[[Any, Any], Any], *, greater_is_better: bool = False, against: Any = "target"
) -> Metric:
    """Make a metric of a loss per row."""
    return Metric(name, greater_is_better, lambda t, p: mean(per_row(t, p)), per_row, against)


def mean(losses: Any) -> float:
    """Mean of an array or tensor, added up in double precision."""
    return float(losses.double().mean() if hasattr(losses, "double") else losses.mean(dtype=np.float64))


def from_callable(
    function: Callable[..., Any],
    greater_is_better: bool | None,
    settle: Callable[[Any], Any],
    to_numpy: Callable[[Any], Any],
) -> Metric:
    """Make a metric of the user's ``function(y, pred)``: numpy arrays, one-dimensional where there is one column."""
    name = getattr(function, "__name__", type(function).__name__)

    def flat(array: Any) -> Any:
        array = to_numpy(array)
        return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array

    def score(target: Any, pred: Any) -> float:
        value = function(flat(target), flat(settle(pred)))
        try:
            return float(value)
        except (TypeError, ValueError):
            raise MetricError(
                f"The metric {name!r} must return a number, got {type(value).__name__}."
            ) from None

    return Metric(name, direction(name, greater_is_better), score)


def _against(target: Any, pred: Any) -> Any:
    """Predictions minus target, column by column: a single one of either is not spread over several."""
    if target.shape[-1] != pred.shape[-1]:
        raise MetricError(
            f"The model has {pred.shape[-1]} output(s) and y {target.shape[-1]} column(s); an error compares one with "
            "the other."
        )
    return pred - target


def absolute_error(target: Any, pred: Any) -> Any:
    """Absolute error per row, averaged over targets."""
    return _over_targets(abs(_against(target, pred)))


def squared_error(target: Any, pred: Any) -> Any:
    """Squared error per row, averaged over targets."""
    return _over_targets(_against(target, pred) ** 2)


def _over_targets(errors: Any) -> Any:
    """Mean over the last axis; a mean of one is not worth a pass over millions."""
    return errors[..., 0] if errors.shape[-1] == 1 else errors.mean(-1)


def hit(target: Any, pred: Any) -> Any:
    """1.0 where the output with the largest value is the target class, else 0.0."""
    if pred.shape[-1] == 1:
        raise MetricError(
            "accuracy and error_rate look for the largest of several outputs, and the model has one. Pass a function "
            "(y, pred) -> float as metric, with greater_is_better."
        )
    return (pred.argmax(-1) == target[..., 0]) * 1.0


def miss(target: Any, pred: Any) -> Any:
    """1 - `hit`."""
    return 1.0 - hit(target, pred)


MAE = row_mean("mae", absolute_error)
MSE = row_mean("mse", squared_error)
RMSE = Metric(
    "rmse",
    False,
    lambda target, pred: mean(squared_error(target, pred)) ** 0.5,
    squared_error,
    of_mean="root",
)
ACCURACY = row_mean("accuracy", hit, greater_is_better=True)
ERROR_RATE = row_mean("error_rate", miss)
PREDICTION_CHANGE = row_mean("prediction_change", absolute_error, against="baseline")

GENERAL: Mapping[str, Metric] = {
    metric.name: metric for metric in (MAE, MSE, RMSE, ACCURACY, ERROR_RATE, PREDICTION_CHANGE)
}

# Directions of metrics known by name alone, underscores in front and case ignored (fastai, scikit-learn, torchmetrics)
LOWER_IS_BETTER = frozenset(
    [
        "mae",
        "mse",
        "rmse",
        "msle",
        "exp_rmspe",
        "error_rate",
        "loss",
        "valid_loss",
        "perplexity",
        "hamming_loss",
        "brier_score",
        "brier_score_loss",
        "log_loss",
        "mean_absolute_error",
        "mean_squared_error",
        "root_mean_squared_error",
        "median_absolute_error",
        "max_error",
        "mean_absolute_percentage_error",
        "mean_squared_log_error",
        "cross_entropy",
        "l1_loss",
        "mse_loss",
        "zero_one_loss",
    ]
)
HIGHER_IS_BETTER = frozenset(
    [
        "accuracy",
        "accuracy_multi",
        "accuracy_score",
        "top_k_accuracy",
        "balanced_accuracy_score",
        "balanced_accuracy",
        "roc_auc_score",
        "average_precision_score",
        "f1_score",
        "fbeta_score",
        "precision_score",
        "recall_score",
        "jaccard_score",
        "matthews_corrcoef",
        "cohen_kappa_score",
        "r2_score",
        "r2",
        "explained_variance_score",
        "pearsonr",
        "spearmanr",
        "dice",
        "dicemulti",
        "auc",
    ]
)


def direction(name: str, greater_is_better: bool | None = None) -> bool:
    """Tell whether more is better: as given, else as known for `name`.

    Raises
    ------
    MetricError
        If neither says it. A direction is never guessed.
    """
    if greater_is_better is not None:
        return greater_is_better
    key = name.lower().lstrip("_")
    if key in LOWER_IS_BETTER:
        return False
    if key in HIGHER_IS_BETTER:
        return True
    raise MetricError(
        f"Is more of the metric {name!r} better or worse? weighin does not guess. Say it with "
        f"greater_is_better=True or greater_is_better=False.{nearest(key, LOWER_IS_BETTER | HIGHER_IS_BETTER)}"
    )


def unknown(name: object, known: Mapping[str, Any]) -> MetricError:
    """Build the error for a metric name nobody knows."""
    return MetricError(
        f"Unknown metric {name!r}.{nearest(name, known)} Metrics for this model: {listing(known, 40)}."
    )
