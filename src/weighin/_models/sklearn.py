"""scikit-learn's estimators and whatever has their methods: pipelines, XGBoost, LightGBM, CatBoost, skorch."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.metrics import get_scorer

from weighin._base.errors import InputError, MetricError, ModelError, listing
from weighin._base.random_state import random_state_kept
from weighin._metrics import (
    OF_NUMBERS,
    PREDICTION_CHANGE,
    Answers,
    Metric,
    MetricContext,
    as_numpy,
    is_scorer,
    log_loss,
    one_column,
    row_mean,
    scorer_names,
)
from weighin._models.protocol import Encoded, Outputs
from weighin._models.sklearn_parts import is_thread_safe, predicts_row_by_row
from weighin._models.table import TableModel, as_given, as_matrix, numeric_target, table_rows, target_array
from weighin._tables.features import Feature
from weighin._tables.frame_rows import FrameRows
from weighin._tables.frames import check_columns, column_names, is_frame


class SameAsNamed:
    """Scorers for which one of the estimator's own metrics stands, which is the same."""

    # a scorer, as others are
    takes = ""
    functions: ClassVar = {
        "mean_absolute_error": "mae",
        "mean_squared_error": "mse",
        "accuracy_score": "accuracy",
        "log_loss": "log_loss",
    }

    def names(self, context: MetricContext) -> Iterable[str]:
        """None that others do not know."""
        return ()

    def find(self, metric: Any, greater_is_better: bool | None, context: MetricContext) -> Metric | None:
        """The estimator's own metric."""
        if isinstance(metric, str) and metric not in context.named and metric in scorer_names():
            metric = get_scorer(metric)
        if not is_scorer(metric) or metric._kwargs:
            return None
        same = context.named.get(self.functions.get(getattr(metric._score_func, "__name__", ""), ""))
        return same if same is not None and same.greater_is_better == (metric._sign == 1) else None


class SklearnModel(TableModel):
    """A fitted estimator. Frames keep their dtypes; predictions come from the method the metric needs.

    Parameters
    ----------
    estimator : object with ``predict``
        Fitted.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator
        self.parallel, self.row_by_row = is_thread_safe(estimator), predicts_row_by_row(estimator)
        self.name = f"{type(estimator).__module__.partition('.')[0]} {type(estimator).__name__}"
        classes = getattr(estimator, "classes_", None)
        classifies = classes is not None and _is_classifier(estimator)
        # then there are classes of each target
        self.several_targets = classifies and isinstance(classes, list)
        self.classes = np.asarray(classes) if classifies and not self.several_targets else None

    def encode(self, X: Any, y: Any, missing: str, needs_target: bool) -> Encoded:
        """Take the table in the form the estimator predicts on; class labels become their numbers."""
        names = self._fitted_names(X)
        if is_frame(X) and names is not None:
            # the estimator's own columns, in its order: scikit-learn insists on both
            check_columns(X, names, "the estimator was fitted on")
            X = nw.from_native(X, eager_only=True).select(names).to_native()
        rows, features = table_rows(X, self.name)
        if names is not None and not is_frame(X) and len(names) == len(features):
            features = tuple(Feature(name, f.columns) for name, f in zip(names, features, strict=True))
        if isinstance(rows, FrameRows):
            rows = self._readable(rows)
        target = None
        if y is not None:
            target = numeric_target(y, rows.n_rows) if self.classes is None else self._codes(y, rows.n_rows)
        return Encoded(rows, target, (), f"the {rows.n_rows:,} rows given", features)

    def outputs(self, response: str = "predict") -> Outputs:
        """Labels or probabilities of a classifier's classes; numbers."""
        classes = () if self.classes is None else tuple(self.classes.tolist())
        if response == "predict" and (classes or self.several_targets):
            return Outputs("label", classes)
        return Outputs("probability" if response == "predict_proba" else "number", classes)

    def metric_context(self, data: Encoded) -> MetricContext:
        """MAE, or log loss for a classifier with probabilities, else accuracy, by default."""
        named = self._named_metrics()
        context = replace(
            super().metric_context(data),
            default=partial(self._default_metric, named),
            answers=partial(self._answers, 1 if data.target is None else data.target.shape[1]),
            named=named,
            sources=(SameAsNamed(),),
        )
        return context if self.classes is None else replace(context, to_array=self._labels)

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

    def _fitted_names(self, X: Any) -> list[str] | None:
        """Columns the estimator was fitted on, as the table names them; None where it knows no names."""
        names = getattr(self.estimator, "feature_names_in_", None)
        if names is None and type(self.estimator).__module__.partition(".")[0] == "catboost":
            names = self.estimator.feature_names_
            if names is None:
                raise ModelError(f"The {self.name} is not fitted.")
            if list(names) == [str(position) for position in range(len(names))]:
                # fitted on a matrix
                return None
        if names is None:
            return None
        names = [str(name) for name in names]
        if is_frame(X):
            # LightGBM writes an underscore for a blank
            columns = column_names(X)
            written = {name.replace(" ", "_"): name for name in columns}
            names = [name if name in columns else written.get(name, name) for name in names]
        return names

    def _readable(self, rows: FrameRows) -> FrameRows:
        """Rows in a kind of frame the estimator can read: the given one, else pandas."""
        if nw.dependencies.is_pandas_dataframe(rows.native):
            return rows
        try:
            with random_state_kept(), self.predicting():
                self.predict(rows.take(slice(0, 2)))
        except ModelError:
            raise
        except Exception:
            # any library's way to say that it does not read such a frame
            return FrameRows(nw.from_native(rows.frame.to_pandas()))
        return rows

    def _named_metrics(self) -> dict[str, Metric]:
        if self.classes is None:
            return {**OF_NUMBERS, PREDICTION_CHANGE.name: PREDICTION_CHANGE}
        probable = hasattr(self.estimator, "predict_proba")
        response = "predict_proba" if probable else "predict"
        metrics = [
            row_mean("accuracy", _same, greater_is_better=True),
            row_mean("error_rate", lambda target, pred: 1.0 - _same(target, pred)),
            replace(PREDICTION_CHANGE, response=response),
        ]
        if probable:
            metrics.append(replace(row_mean("log_loss", _log_loss), response=response))
        return {metric.name: metric for metric in metrics}

    def _default_metric(self, named: Mapping[str, Metric]) -> Metric:
        if self.several_targets:
            raise MetricError(
                f"The {self.name} predicts classes of several targets: pass a function (y, pred) -> float as metric, "
                "with greater_is_better."
            )
        return named["mae" if self.classes is None else "log_loss" if "log_loss" in named else "accuracy"]

    def _answers(self, n_targets: int, name: str | None, scorer: Any) -> Answers:
        """What the estimator has of the methods that scorers ask for."""
        methods = ("predict", "predict_proba", "decision_function")
        return Answers(
            type(self.estimator).__name__,
            tuple(method for method in methods if hasattr(self.estimator, method)),
            self.classes,
            self._predicted,
            n_targets=n_targets,
        )

    def _predicted(self, pred: Any) -> NDArray[np.int64]:
        return np.asarray(as_numpy(pred)[..., 0].astype(np.int64))

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
            return np.asarray(one_column(codes))
        return self.classes[np.asarray(codes).astype(np.int64).ravel()]


def _is_classifier(estimator: Any) -> bool:
    try:
        return is_classifier(estimator)
    except (AttributeError, TypeError):
        # has the methods, not scikit-learn's tags
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
            from weighin._models.torch_state import evaluating

            for part in vars(estimator).values():
                if isinstance(part, torch.nn.Module):
                    stack.enter_context(evaluating(part))
        yield


def _same(target: Any, pred: Any) -> Any:
    return (pred[..., 0] == target[..., 0]) * 1.0


def _log_loss(target: Any, pred: Any) -> Any:
    return log_loss(target, pred / pred.sum(-1, keepdims=True))
