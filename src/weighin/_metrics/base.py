"""What a metric is: a mean over rows, a function of such a mean, or a number from all predictions at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from weighin._inference import IDENTITY, Link


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
        ``score(target, pred) -> float`` over all rows; `pred` of shape (n_rows, n_outputs). With sample weights
        ``score(target, pred, weights)``, where `weighable` says that it takes them.
    per_row : callable or None
        ``per_row(target, pred)`` of shape (..., n_rows), the mean of which over rows gives the score; None for a
        metric that is no function of a mean over rows (AUC, F1).
    against : {"target", "baseline"}
        What predictions are compared with: the target, or the model's own predictions before the swap.
    response : str
        Method of a scikit-learn estimator whose output it takes: predict, predict_proba, decision_function.
    link : Link
        What the score is of the mean of `per_row`: that mean itself, its root (RMSE of squared errors), its
        exponential (perplexity), or 1 minus its share of the target's variance (R2).
    values : callable or None
        For a metric without `per_row` that has moments: ``values(target, preds, weights=None)``, from predictions and
        weights of shuffle after shuffle, (n_rows, n_outputs) and (n_rows,), which it may ask for twice. Yields for
        each shuffle (n_rows,) values whose weighted mean is the metric and whose spread is its sampling noise.
    averages : bool
        Whether `values` of a shuffle average to the metric after it: then it need not be asked for `score`.
    weighable : bool
        Whether `score` takes sample weights. Where there is `per_row` it need not.
    smooth : bool
        Whether leaving out a part of the rows shows the metric's noise, as it does not for a maximum.
    without : callable or None
        Of a metric without `values`: ``without(target, pred, part, n_parts)``, the score without each part of the rows,
        shape (n_parts,), from the number of the part of each row; by default `score` is asked for each.
    constant : callable or None
        For a share explained, as R2 is: ``constant(target, weights)`` gives the loss per row of the best constant
        prediction, as a function of the target; by default the squared distance from the mean.
    expected : callable or None
        ``expected(shares, preds)``: `values` where classes are as probable as `shares` say, shape (n_rows, n_classes).
    soft : callable or None
        For a metric of one target's classes: their probabilities, shape (n_rows, n_classes), from predictions.
    """

    name: str
    greater_is_better: bool
    score: Callable[..., float]
    per_row: Callable[[Any, Any], Any] | None = None
    against: Literal["target", "baseline"] = "target"
    response: str = "predict"
    link: Link = IDENTITY
    values: Callable[..., Iterator[NDArray[np.float64]]] | None = None
    averages: bool = False
    weighable: bool = False
    smooth: bool = True
    without: Callable[[Any, Any, NDArray[np.int64], int], NDArray[np.float64]] | None = None
    constant: Callable[[Any, Any], Callable[[Any], NDArray[np.float64]]] | None = None
    expected: Callable[[NDArray[np.float64], Sequence[Any]], Iterator[NDArray[np.float64]]] | None = None
    soft: Callable[[Any], NDArray[np.float64]] | None = None

    @property
    def by_rows(self) -> bool:
        """Whether each row has a value, the loss of its own or what it adds to the metric."""
        return self.per_row is not None or self.values is not None


def row_mean(
    name: str, per_row: Callable[[Any, Any], Any], *, greater_is_better: bool = False, against: Any = "target"
) -> Metric:
    """Make a metric of a loss per row."""
    return Metric(name, greater_is_better, lambda t, p: mean(per_row(t, p)), per_row, against)


def mean(losses: Any) -> float:
    """Mean of an array or tensor, added up in double precision."""
    return float(losses.double().mean() if hasattr(losses, "double") else losses.mean(dtype=np.float64))


def as_numpy(array: Any) -> NDArray[Any]:
    """Give an array or a tensor as an array; half precision as single."""
    if not hasattr(array, "detach"):
        return np.asarray(array)
    array = array.detach()
    half = array.is_floating_point() and array.dtype.itemsize < 4
    return np.asarray((array.float() if half else array).cpu())


def one_column(array: Any) -> Any:
    """Without its last axis where that has one entry."""
    return array[..., 0] if array.shape[-1] == 1 else array
