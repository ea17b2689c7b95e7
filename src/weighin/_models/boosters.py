"""Boosters as their own libraries train them: xgboost.Booster, lightgbm.Booster, catboost.CatBoost and Pool."""

from __future__ import annotations

import json
from typing import Any

from weighin._base.errors import InputError, ModelError
from weighin._metrics import Outputs
from weighin._models.objectives import of_objective
from weighin._models.predictor import PredictorModel, only_or_none
from weighin._models.protocol import Encoded
from weighin._models.sklearn import SklearnModel
from weighin._tables.frames import is_frame


def xgboost_model(booster: Any) -> PredictorModel:
    """Make the DMatrix inside; the objective says what is predicted."""
    import xgboost

    learner = json.loads(booster.save_config())["learner"]
    objective = learner["objective"]
    options = {
        name: part for key, values in objective.items() if key != "name" for name, part in values.items()
    }
    names, kinds = booster.feature_names, booster.feature_types

    def predict(X: Any) -> Any:
        # categories of a frame are those of its columns; a matrix has neither names nor kinds of its own
        own = {} if is_frame(X) else {"feature_names": names, "feature_types": kinds}
        return booster.predict(
            xgboost.DMatrix(X, enable_categorical=True, **own), validate_features=bool(names)
        )

    said = of_objective(
        objective["name"],
        level=json.loads(options["quantile_alpha"]) if "quantile_alpha" in options else None,
        power=options.get("tweedie_variance_power"),
    )
    return PredictorModel("xgboost Booster", predict, said, columns=names, booster=booster)


def lightgbm_model(booster: Any) -> PredictorModel:
    """Read the objective from the model's text, as it stands in its files."""
    lines = booster.model_to_string(num_iteration=1).splitlines()
    objective = next((line.partition("=")[2] for line in lines if line.startswith("objective=")), "")
    options = dict(line[1:-1].split(": ", 1) for line in lines if line.startswith("[") and ": " in line)
    level, power = options.get("alpha"), float(options.get("tweedie_variance_power", "nan"))
    said = of_objective(objective.partition(" ")[0], level=level, power=power)
    if (said.kind == "quantile" and level is None) or (objective.startswith("tweedie") and power != power):
        said = Outputs()
    names = only_or_none(booster.feature_name(), "Column_")

    def own(there: list[str]) -> list[str]:
        # it writes an underscore for a blank
        written = {name.replace(" ", "_"): name for name in there}
        return [name if name in there else written.get(name, name) for name in names or there]

    return PredictorModel(
        "lightgbm Booster", booster.predict, said, columns=own if names else None, booster=booster
    )


class CatBoostModel(PredictorModel):
    """A catboost.CatBoost: probabilities where it knows classes, else numbers on the scale of the target."""

    def __init__(self, model: Any) -> None:
        if not model.is_fitted():
            raise ModelError(f"The catboost {type(model).__name__} is not fitted.")
        loss = str(model.get_all_params().get("loss_function", ""))
        classes = tuple(label.item() if hasattr(label, "item") else label for label in model.classes_)
        said, kind = of_objective(loss), "RawFormulaVal"
        if classes:
            said, kind = Outputs("probability", classes, why=f"as its loss {loss} says"), "Probability"
        elif loss.partition(":")[0] in ("Poisson", "Tweedie"):
            kind = "Exponent"
        names = only_or_none(model.feature_names_, "")
        super().__init__(
            "catboost CatBoost", lambda X: model.predict(X, prediction_type=kind), said, columns=names
        )

    def encode(self, X: Any, y: Any, missing: str, needs_target: bool) -> Encoded:
        """Take a Pool as well."""
        return super().encode(*_taken_out(X, y), missing, needs_target)


class CatBoostEstimator(SklearnModel):
    """A CatBoostRegressor, CatBoostClassifier or CatBoostRanker, which take a Pool as well."""

    def encode(self, X: Any, y: Any, missing: str, needs_target: bool) -> Encoded:
        """Take the table, and the labels, out of a Pool."""
        return super().encode(*_taken_out(X, y), missing, needs_target)


def _taken_out(X: Any, y: Any) -> tuple[Any, Any]:
    """The table of a catboost.Pool, and its labels where no others are given.

    Raises InputError if it has categories, which it does not give back.
    """
    if type(X).__name__ != "Pool" or is_frame(X):
        return X, y
    if X.get_cat_feature_indices() or X.get_text_feature_indices():
        raise InputError(
            "A catboost.Pool with categories does not give them back: pass the table that it was made of, and y."
        )
    labels = X.get_label() if y is None and X.has_label() else y
    names = X.get_feature_names()
    values = X.get_features()
    if names == [str(position) for position in range(len(names))]:
        return values, labels
    import pandas as pd

    return pd.DataFrame(values, columns=names), labels
