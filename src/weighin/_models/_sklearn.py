"""scikit-learn's estimators and whatever has their methods: pipelines, XGBoost, LightGBM, CatBoost, skorch."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.metrics import get_scorer, get_scorer_names

from weighin._errors import InputError, MetricError, ModelError, listing
from weighin._features import Feature
from weighin._frames import check_columns, is_frame
from weighin._metrics import (
    GENERAL,
    MAE,
    MSE,
    PREDICTION_CHANGE,
    Metric,
    direction,
    from_callable,
    row_mean,
    unknown,
)
from weighin._models._base import Encoded
from weighin._models._frame_rows import FrameRows
from weighin._models._function import as_given, as_matrix, numeric_target, table_rows, target_array
from weighin._models._random_state import random_state_kept


class SklearnModel:
    """A fitted estimator. Frames keep their dtypes; predictions come from the method the metric needs.

    Parameters
    ----------
    estimator : object with ``predict``
        Fitted.
    """

    parallel = False

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator
        self.name = f"{type(estimator).__module__.partition('.')[0]} {type(estimator).__name__}"
        classes = getattr(estimator, "classes_", None)
        classifies = classes is not None and _is_classifier(estimator)
        self.several_targets = classifies and isinstance(classes, list)  # classes of each
        self.classes = np.asarray(classes) if classifies and not self.several_targets else None

    def encode(self, X: Any, y: Any, missing: str, needs_target: bool) -> Encoded:
        """Take the table in the form the estimator predicts on; class labels become their numbers."""
        names = getattr(self.estimator, "feature_names_in_", None)
        if is_frame(X) and names is not None:
            # the estimator's own columns, in its order: scikit-learn insists on both
            check_columns(X, list(names), "the estimator was fitted on")
            X = nw.from_native(X, eager_only=True).select(list(names)).to_native()
        rows, features = table_rows(X, self.name)
        if names is not None and not is_frame(X) and len(names) == len(features):
            features = tuple(Feature(str(name), f.columns) for name, f in zip(names, features, strict=True))
        if isinstance(rows, FrameRows):
            rows = self._readable(rows)
        target = None
        if y is not None:
            target = numeric_target(y, rows.n_rows) if self.classes is None else self._codes(y, rows.n_rows)
        return Encoded(rows, target, (), f"the {rows.n_rows:,} rows given", features)

    def metric(self, metric: Any, greater_is_better: bool | None, data: Encoded) -> Metric:
        """Resolve a metric: MAE, or log loss for a classifier with probabilities, else accuracy, by default."""
        if isinstance(metric, Metric):
            return metric
        own = self._own_metrics()
        if metric is None and self.several_targets:
            raise MetricError(
                f"The {self.name} predicts classes of several targets: pass a function (y, pred) -> float as metric, "
                "with greater_is_better."
            )
        if metric is None:
            metric = "mae" if self.classes is None else "log_loss" if "log_loss" in own else "accuracy"
        if isinstance(metric, str):
            if metric in own:
                return own[metric]
            if metric in get_scorer_names():
                return self._from_scorer(metric, get_scorer(metric))
            raise unknown(metric, {**own, **dict.fromkeys(get_scorer_names())})
        if hasattr(metric, "_score_func"):  # what make_scorer gives
            return self._from_scorer(getattr(metric._score_func, "__name__", "scorer"), metric)
        if callable(metric):
            if self.classes is None:
                return from_callable(metric, greater_is_better, self.settle, np.asarray)
            name = getattr(metric, "__name__", type(metric).__name__)
            better = direction(name, greater_is_better)
            return Metric(name, better, lambda t, p: float(metric(self._labels(t), self._labels(p))))
        raise MetricError(
            f"metric must be a name, a scorer or a function (y, pred) -> float, got {type(metric).__name__}."
        )

    def chunk_rows(self, rows: Any) -> int:
        """Many: what a call costs is spread over them."""
        return 32_768

    def split(self, rows: Any) -> None:
        """No fast path yet for estimators."""
        return

    def predicting(self) -> AbstractContextManager[None]:
        """Modules of a skorch net keep their modes; other estimators need nothing."""
        return _modules_evaluating(self.estimator)

    def predict(self, rows: Any, response: str = "predict") -> NDArray[Any]:
        """What a method of the estimator gives, as a matrix; predicted labels as their numbers."""
        try:
            pred = getattr(self.estimator, response)(as_given(rows))
        except NotFittedError as error:
            raise ModelError(f"The {self.name} is not fitted: {error}") from error
        if response == "predict" and self.classes is not None:
            return self._numbers(np.asarray(pred).ravel()).astype(np.float64)[:, None]
        return as_matrix(pred, self.name, rows.n_rows)

    def settle(self, pred: NDArray[Any]) -> NDArray[Any]:
        """Nothing: they are what the user sees."""
        return pred

    def _readable(self, rows: FrameRows) -> FrameRows:
        """Rows in a kind of frame the estimator can read: the given one, else pandas."""
        if nw.dependencies.is_pandas_dataframe(rows.native):
            rows.frame = nw.from_native(rows.native.reset_index(drop=True))
            return rows
        try:
            with random_state_kept(), self.predicting():
                self.predict(rows.take(slice(0, 2)))
        except ModelError:
            raise
        except Exception:  # any library's way to say that it does not read such a frame
            return FrameRows(nw.from_native(rows.frame.to_pandas().reset_index(drop=True)))
        return rows

    def _own_metrics(self) -> dict[str, Metric]:
        if self.classes is None:
            return {name: GENERAL[name] for name in ("mae", "mse", "rmse", "prediction_change")}
        probable = hasattr(self.estimator, "predict_proba")
        change = Metric(
            PREDICTION_CHANGE.name,
            False,
            PREDICTION_CHANGE.score,
            PREDICTION_CHANGE.per_row,
            "baseline",
            "predict_proba" if probable else "predict",
        )
        found = {
            "accuracy": row_mean("accuracy", _same, greater_is_better=True),
            "error_rate": row_mean("error_rate", lambda target, pred: 1.0 - _same(target, pred)),
            change.name: change,
        }
        if probable:
            loss = row_mean("log_loss", _log_loss)
            found["log_loss"] = Metric(loss.name, False, loss.score, loss.per_row, response="predict_proba")
        return found

    def _from_scorer(self, name: str, scorer: Any) -> Metric:
        """Take apart what `make_scorer` put together; errors that scikit-learn negates keep their own sign."""
        known = {"neg_mean_absolute_error": MAE, "neg_mean_squared_error": MSE}
        if name in known and self.classes is None:
            return known[name]
        if name == "accuracy" and self.classes is not None:
            return self._own_metrics()["accuracy"]
        wanted = scorer._response_method
        methods = [wanted] if isinstance(wanted, str) else list(wanted)
        if methods == ["default"]:
            methods = ["predict"]
        there = [method for method in methods if hasattr(self.estimator, method)]
        if not there:
            raise MetricError(
                f"The metric {name!r} needs {' or '.join(methods)}, which {type(self.estimator).__name__} has not."
            )
        response, function, options = there[0], scorer._score_func, scorer._kwargs
        binary = self.classes is not None and len(self.classes) == 2
        # the class whose score a function of one score per row takes; scikit-learn turns decisions round for the first
        first = (
            binary
            and self.classes is not None
            and options.get("pos_label", self.classes[1]) == self.classes[0]
        )

        def score(target: Any, pred: Any) -> float:
            if response == "predict":
                given = self._labels(pred) if self.classes is not None else _flat(pred)
            elif binary and pred.shape[1] == 2:
                given = pred[:, 0 if first else 1]
            elif binary:
                given = -pred[:, 0] if first else pred[:, 0]
            else:
                given = _flat(pred)
            return float(function(self._labels(target), given, **options))

        return Metric(name.removeprefix("neg_"), scorer._sign > 0, score, None, "target", response)

    def _codes(self, y: Any, n_rows: int) -> NDArray[np.int64]:
        labels = target_array(y, n_rows)
        if labels.size != n_rows:
            raise InputError(f"y must have one column of classes, got shape {labels.shape}.")
        return self._numbers(labels.ravel())[:, None]

    def _numbers(self, labels: NDArray[Any]) -> NDArray[np.int64]:
        assert self.classes is not None
        numbers = {label: number for number, label in enumerate(self.classes.tolist())}
        try:
            return np.array([numbers[label] for label in labels.tolist()], dtype=np.int64)
        except (KeyError, TypeError):
            odd = [label for label in dict.fromkeys(labels.tolist()) if label not in numbers]
            raise InputError(
                f"y has classes the {self.name} was not fitted on: {listing(odd)}. Classes: {listing(numbers)}."
            ) from None

    def _labels(self, codes: Any) -> NDArray[Any]:
        if self.classes is None:
            return _flat(codes)
        return self.classes[np.asarray(codes).astype(np.int64).ravel()]


def _is_classifier(estimator: Any) -> bool:
    try:
        return is_classifier(estimator)
    except (AttributeError, TypeError):  # has the methods, not scikit-learn's tags
        return hasattr(estimator, "predict_proba")


@contextmanager
def _modules_evaluating(estimator: Any) -> Iterator[None]:
    """Leave the modules of a skorch net, in a pipeline or a search too, in the mode they were in."""
    while True:
        inner = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
        inner = getattr(inner, "best_estimator_", inner)
        if inner is estimator:
            break
        estimator = inner
    torch = sys.modules.get("torch")
    with ExitStack() as stack:
        if torch and hasattr(estimator, "__dict__"):
            from weighin._models._torch_state import evaluating

            for part in vars(estimator).values():
                if isinstance(part, torch.nn.Module):
                    stack.enter_context(evaluating(part))
        yield


def _same(target: Any, pred: Any) -> Any:
    return (pred[..., 0] == target[..., 0]) * 1.0


def _log_loss(target: Any, pred: Any) -> Any:
    """Negative log of the target class's probability, kept away from 0 as scikit-learn does."""
    pred = pred / pred.sum(-1, keepdims=True)
    classes = np.broadcast_to(target[..., :1].astype(np.int64), (*pred.shape[:-1], 1))
    likelihood = np.take_along_axis(pred, classes, -1)[..., 0]
    return -np.log(likelihood.clip(np.finfo(pred.dtype).eps, 1 - np.finfo(pred.dtype).eps))


def _flat(array: Any) -> Any:
    return array[:, 0] if array.shape[-1] == 1 else array
