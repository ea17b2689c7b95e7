"""scikit-learn's estimators and whatever has their methods: pipelines, XGBoost, LightGBM, CatBoost, skorch."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.metrics import get_scorer

from weighin._base.errors import MetricError, ModelError, of_the_model
from weighin._base.random_state import random_state_kept
from weighin._metrics import (
    PREDICTION_CHANGE,
    Answers,
    KindCheck,
    Metric,
    MetricContext,
    OutputAnswers,
    Outputs,
    as_numpy,
    class_metrics,
    is_scorer,
    scorer_names,
)
from weighin._models.estimator_classes import EstimatorClasses
from weighin._models.levels import with_categories
from weighin._models.meaning import declared, of_targets, target_names
from weighin._models.objectives import inner, kind_of, outputs_of
from weighin._models.protocol import Encoded
from weighin._models.raw_scores import RAW_SCORE, raw_scores
from weighin._models.sklearn_parts import is_thread_safe, predicts_row_by_row
from weighin._models.table import TableModel, as_array, as_given, few_values, in_order, table_rows
from weighin._tables.features import Feature
from weighin._tables.frame_rows import FrameRows
from weighin._tables.frames import check_columns, column_names, columns_at, is_frame

CHANGE = PREDICTION_CHANGE.name


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

    `estimator`: fitted.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator
        self.parallel, self.row_by_row = is_thread_safe(estimator), predicts_row_by_row(estimator)
        self.name = f"{type(estimator).__module__.partition('.')[0]} {type(estimator).__name__}"
        self.classes = EstimatorClasses(estimator, self.name)

    def encode(self, X: Any, y: Any, missing: str, needs_target: bool) -> Encoded:
        """Take the table in the form the estimator predicts on; class labels become their numbers."""
        names = self._fitted_names(X)
        if is_frame(X) and names is not None:
            # the estimator's own columns, in its order: scikit-learn insists on both
            check_columns(X, names, "the estimator was fitted on")
            X = columns_at(X, names).to_native()
        if is_frame(X):
            X = with_categories(X, self.estimator, self.name)
        rows, features = table_rows(X, self.name)
        if names is not None and not is_frame(X) and len(names) == len(features):
            features = tuple(Feature(name, f.columns) for name, f in zip(names, features, strict=True))
        if isinstance(rows, FrameRows):
            rows = self._readable(rows)
        self.classes.check(self.asked)
        if not self.classes.of_targets and not kind_of(self.estimator):
            self._find_labels(rows, y)
        # a classifier that is not fitted says so itself, and one of several labels shows them
        if y is not None and (
            self.classes.expected or (self.classes.of_targets and as_array(y, "y").ndim == 2)
        ):
            with random_state_kept(), self.predicting():
                self.predict(rows.take(slice(0, 2)))
        target: NDArray[Any] | None = None
        targets: tuple[str, ...] = ()
        if y is not None:
            target = (
                self.classes.codes(y, rows.n_rows)
                if self.classes.of_targets
                else self._target(y, rows.n_rows)
            )
            targets = target_names(y, target.shape[1])
        return Encoded(rows, target, (), f"the {rows.n_rows:,} rows given", features, targets=targets)

    def _find_labels(self, rows: Any, y: Any) -> None:
        """Take texts that it predicts for labels, where nothing else marks a classifier."""
        labels_in_y = [] if y is None or hasattr(y, "detach") else as_array(y, "y").ravel().tolist()
        if all(isinstance(label, str) for label in labels_in_y):
            seen = few_values(self.estimator.predict, rows)
            if seen and isinstance(seen[0], str):
                self.classes.of_targets = [np.array(self.asked.classes or sorted({*seen, *labels_in_y}))]
                # in which order it would give their probabilities is not known
                self.asked = replace(self.asked, kind="label")

    def outputs(self, response: str = "predict") -> Outputs:
        """Labels or probabilities of a classifier's classes, or of clusters; what a regressor's objective says."""
        return self.classes.outputs(response) if self.classes.of_targets else outputs_of(self.estimator)

    def metric_context(self, data: Encoded) -> MetricContext:
        """Metrics that fit what the methods give: log loss, or accuracy without probabilities, for classes."""
        context = super().metric_context(data)
        if self.classes.of_targets:
            named = self._named_metrics(data)
            meaning = partial(self.classes.outputs, self._response, data.targets)
            return replace(
                context,
                default=partial(self._default_metric, named, data),
                answers=partial(self._answers, data),
                named=named,
                sources=(SameAsNamed(), KindCheck(self.name, meaning(), tuple(named))),
                to_array=self.classes.labels,
                pred_to_array=self.classes.labels,
                meaning=meaning,
                response=self._response,
                notes=partial(self._notes, data),
            )
        context = replace(context, sources=(*context.sources, SameAsNamed()))
        numbers = not declared(self).of_classes and declared(self).kind != "unknown"
        return replace(context, answers=partial(self._answers, data)) if numbers else context

    @property
    def _response(self) -> str:
        """The method that says most: probabilities, where they are there and not declined."""
        probable = hasattr(self.estimator, "predict_proba") and self.asked.kind != "label"
        return "predict_proba" if probable else "predict"

    def _notes(self, data: Encoded, metrics: Sequence[str]) -> tuple[str, ...]:
        if not self.classes.several:
            return ()
        return of_targets(self.classes.outputs("predict", data.targets).targets, metrics)

    def predicting(self) -> AbstractContextManager[None]:
        """Modules of a skorch net keep their modes; other estimators need nothing."""
        return _modules_evaluating(self.estimator)

    def predict(self, rows: Any, response: str = "predict") -> NDArray[Any]:
        """What a method of the estimator gives, as a matrix; predicted labels as their numbers."""
        try:
            with of_the_model():
                raw = raw_scores(self.estimator) if response == RAW_SCORE else None
                ask = raw or getattr(self.estimator, response)
                pred = in_order(ask(as_given(rows)), rows, self.name)
        except NotFittedError as error:
            raise ModelError(f"The {self.name} is not fitted: {error}") from error
        return self.classes.read(pred, response, rows.n_rows)

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

    def _named_metrics(self, data: Encoded) -> dict[str, Metric]:
        """Of predicted labels, and of probabilities where there are any."""
        named = class_metrics(self.classes.outputs("predict", data.targets))
        if self.classes.clusters:
            return {CHANGE: named[CHANGE]}
        if self._response == "predict":
            return named
        probable = class_metrics(self.classes.outputs("predict_proba", data.targets))
        better = {
            name: metric
            for name, metric in probable.items()
            if name.partition("[")[0] in ("log_loss", CHANGE)
        }
        return named | {name: replace(metric, response="predict_proba") for name, metric in better.items()}

    def _default_metric(self, named: Mapping[str, Metric], data: Encoded) -> Metric:
        if self.classes.clusters:
            return named[CHANGE]
        return named.get("log_loss", named["accuracy"])

    def _answers(self, data: Encoded, name: str | None, scorer: Any) -> Answers:
        """What the estimator has of the methods that scorers ask for."""
        methods = tuple(
            method
            for method in ("predict", "predict_proba", "decision_function")
            if hasattr(self.estimator, method)
        )
        if self.classes.clusters and "cluster" not in getattr(scorer._score_func, "__module__", ""):
            raise MetricError(
                f"The metric {name or 'given'!r} compares with a target, and cluster numbers are not one: "
                "metric='prediction_change' says how many rows change their cluster, 'adjusted_rand_score' "
                "compares clusters with labels."
            )
        if self.classes.several:
            wanted = scorer._response_method
            wanted = "predict" if wanted == "predict" or "predict_proba" not in methods else "predict_proba"
            meaning = partial(self.classes.outputs, wanted, data.targets)
            answers = OutputAnswers(self.name, data.target, lambda: 0, meaning=meaning)(name, scorer)
            return replace(answers, response=None)
        return Answers(
            type(self.estimator).__name__,
            methods,
            self.classes.one if not self.classes.clusters else None,
            _predicted,
            hint=""
            if self.classes.of_targets
            else " It predicts numbers: 'mae', 'rmse' and 'r2' compare those.",
            n_targets=1 if data.target is None else data.target.shape[1],
        )


def _predicted(pred: Any) -> NDArray[np.int64]:
    return np.asarray(as_numpy(pred)[..., 0].astype(np.int64))


@contextmanager
def _modules_evaluating(estimator: Any) -> Iterator[None]:
    """Leave the modules of a skorch net, in a pipeline or a search too, in the mode they were in."""
    estimator = list(inner(estimator))[-1]
    torch = sys.modules.get("torch")
    with ExitStack() as stack:
        if torch and hasattr(estimator, "__dict__"):
            from weighin._models.torch_state import evaluating

            for part in vars(estimator).values():
                if isinstance(part, torch.nn.Module):
                    stack.enter_context(evaluating(part))
        yield
