"""Models of statistics: results of statsmodels, fitters of lifelines, estimators of scikit-survival."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, ModelError
from weighin._metrics import Metric, MetricContext, Outputs
from weighin._models.objectives import of_objective
from weighin._models.predictor import PredictorModel, formula_columns
from weighin._models.protocol import Encoded
from weighin._models.sklearn import SklearnModel
from weighin._models.table import target_array

_PROBABILITIES = ("Logit", "Probit", "MNLogit", "OrderedModel", "ConditionalLogit")
_COUNTS = ("Poisson", "NegativeBinomial", "NegativeBinomialP", "GeneralizedPoisson")
_NUMBERS = ("OLS", "WLS", "GLS", "GLSAR", "RLM", "MixedLM")


def statsmodels_model(results: Any) -> PredictorModel:
    """Read the model's kind, its formula or the columns of its matrix, and its target from results."""
    model = results.model
    kind = type(model).__name__
    formula = getattr(model, "formula", None)
    columns: Any = list(model.exog_names)
    if isinstance(formula, str):
        columns = partial(formula_columns, formula)
    elif columns in ([f"x{position + 1}" for position in range(len(columns))], _of_matrix(len(columns))):
        columns = None
    target = model.endog_names
    return PredictorModel(
        f"statsmodels {kind}",
        results.predict,
        _said(kind, model, results),
        columns=columns,
        targets=[target] if isinstance(target, str) else (),
    )


def _of_matrix(width: int) -> list[str]:
    """Names that statsmodels makes up for a matrix with a constant first."""
    return ["const", *(f"x{position}" for position in range(1, width))]


def _said(kind: str, model: Any, results: Any) -> Outputs:
    why = f"as a {kind} predicts them"
    if kind == "GLM":
        family = type(model.family).__name__
        if family == "Binomial":
            return Outputs("probability", why="as its family Binomial says")
        if family == "NegativeBinomial":
            return Outputs("count", why="as its family NegativeBinomial says")
        power = getattr(model.family, "var_power", None)
        return of_objective(family, power=power) if family != "Gaussian" else Outputs("number", why=why)
    if kind == "QuantReg":
        return Outputs("quantile", levels=(float(results.q),), why=why)
    if kind in _PROBABILITIES:
        return Outputs("probability", why=why)
    if kind in _COUNTS:
        return Outputs("count", why=why)
    return Outputs("number", why=why) if kind in _NUMBERS else Outputs()


def lifelines_model(fitter: Any) -> PredictorModel:
    """Of a Cox fitter the partial hazard, of others the median time, judged by concordance."""
    import pandas as pd
    from lifelines.utils import concordance_index

    if getattr(fitter, "params_", None) is None:
        raise ModelError(f"The lifelines {type(fitter).__name__} is not fitted.")
    hazard = hasattr(fitter, "predict_partial_hazard")
    event, duration = fitter.event_col, fitter.duration_col
    formula = getattr(fitter, "formula", None)
    others = {event, duration, getattr(fitter, "weights_col", None), getattr(fitter, "entry_col", None)}

    def columns(there: Sequence[str]) -> list[str]:
        strata = [name for name in there if name in (np.atleast_1d(getattr(fitter, "strata", None) or []))]
        own = formula_columns(formula, there) if isinstance(formula, str) else there
        return [name for name in there if (name in own or name in strata) and name not in others]

    def predict(X: Any) -> Any:
        frame = pd.DataFrame(X)
        return np.asarray(
            fitter.predict_partial_hazard(frame) if hazard else fitter.predict_median(frame), float
        )

    def score(target: Any, pred: Any) -> float:
        sign = -1 if hazard else 1
        events = target[:, 0] if target.shape[1] > 1 else None
        return float(concordance_index(target[:, -1], sign * pred[:, 0], events))

    outputs = Outputs("number", loss=_concordance(score), why=f"as a {type(fitter).__name__} predicts them")
    targets = [name for name in (event, duration) if name is not None]
    return PredictorModel(
        f"lifelines {type(fitter).__name__}", predict, outputs, columns=columns, targets=targets
    )


class SurvivalModel(SklearnModel):
    """An estimator of scikit-survival: the target is an event and a time, the metric is concordance."""

    def _target(self, y: Any, n_rows: int) -> NDArray[Any]:
        """Event and time, shape (n_rows, 2).

        Raises InputError if it is no structured array of them, as `sksurv.util.Surv` makes.
        """
        array = target_array(y, n_rows)
        fields = array.dtype.names or ()
        if len(fields) != 2:
            raise InputError(
                "y must hold an event and a time for each row, as sksurv.util.Surv.from_arrays(event, time) makes it, "
                f"got {array.dtype} of shape {array.shape}."
            )
        return np.stack([array[field].astype(np.float64) for field in fields], 1)

    def outputs(self, response: str = "predict") -> Outputs:
        """Risks, or times."""
        return Outputs("number", loss=_concordance(self._score), why="as scikit-survival predicts them")

    def metric_context(self, data: Encoded) -> MetricContext:
        """Concordance; others, of the user's, get event and time as the columns of y."""
        context = super().metric_context(data)
        metric = _concordance(self._score)
        return MetricContext(**{**vars(context), "named": {**context.named, metric.name: metric}})

    def _score(self, target: Any, pred: Any) -> float:
        from sksurv.metrics import concordance_index_censored

        sign = 1 if getattr(self.estimator, "_predict_risk_score", True) else -1
        return float(concordance_index_censored(target[:, 0] > 0, target[:, 1], sign * pred[:, 0])[0])


def _concordance(score: Any) -> Metric:
    return Metric("concordance", True, score)
