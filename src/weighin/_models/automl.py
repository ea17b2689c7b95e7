"""Frameworks that take a raw table and do the rest: AutoGluon, pytorch-tabular, pytorch-widedeep, TabNet."""

from __future__ import annotations

from typing import Any

import numpy as np

from weighin._base.errors import InputError
from weighin._metrics import Outputs
from weighin._models.predictor import PredictorModel
from weighin._models.protocol import Encoded
from weighin._models.sklearn import SklearnModel
from weighin._tables.frames import column_names, is_frame, to_matrix


def autogluon_model(predictor: Any) -> PredictorModel:
    """A TabularPredictor, with the probabilities of its classes."""
    kind = predictor.problem_type
    why = f"as its problem type {kind} says"
    if kind in ("binary", "multiclass"):
        outputs, predict = (
            Outputs("probability", tuple(predictor.class_labels), why=why),
            predictor.predict_proba,
        )
    elif kind == "quantile":
        outputs = Outputs("quantile", levels=tuple(predictor.quantile_levels), why=why)
        predict = predictor.predict
    else:
        outputs, predict = Outputs("number", why=why), predictor.predict
    return PredictorModel(
        "autogluon TabularPredictor",
        predict,
        outputs,
        columns=predictor.features(),
        targets=[predictor.label],
    )


def pytorch_tabular_model(model: Any) -> PredictorModel:
    """A TabularModel, with the probabilities of its classes."""
    config = model.config
    targets = list(config.target)
    dates = [entry[0] for entry in getattr(config, "date_columns", None) or []]
    columns = [*config.categorical_cols, *config.continuous_cols, *dates]
    if config.task == "classification" and len(targets) > 1:
        raise InputError(
            "A pytorch_tabular TabularModel of several targets of classes: weigh a function of it."
        )
    classifies = config.task == "classification"
    classes: tuple[Any, ...] = ()
    if classifies:
        encoder = np.atleast_1d(model.datamodule.label_encoder)[0]
        classes = tuple(np.asarray(encoder.classes_).tolist())

    def predict(X: Any) -> Any:
        table = model.predict(X, progress_bar="none")
        suffix = "_probability" if classifies else "_prediction"
        return table[[name for name in table.columns if name.endswith(suffix)]].to_numpy()

    outputs = Outputs(
        "probability" if classifies else "number", classes, why=f"as its task {config.task} says"
    )
    return PredictorModel("pytorch_tabular TabularModel", predict, outputs, columns=columns, targets=targets)


def widedeep_model(trainer: Any) -> PredictorModel:
    """A Trainer of a network on one table (X_tab), with the probabilities of its classes."""
    classifies = trainer.method in ("binary", "multiclass")

    def predict(X: Any) -> Any:
        inputs = {"X_tab": np.asarray(X)}
        return trainer.predict_proba(**inputs) if classifies else trainer.predict(**inputs)

    outputs = Outputs("probability" if classifies else "number", why=f"as its objective is {trainer.method}")
    return PredictorModel("pytorch_widedeep Trainer", predict, outputs)


class MatrixEstimator(SklearnModel):
    """An estimator that takes matrices only, as TabNet does: frames of numbers become one."""

    def encode(self, X: Any, y: Any, missing: str, needs_target: bool) -> Encoded:
        """Make a matrix of a frame, with the names of its columns."""
        names = column_names(X) if is_frame(X) else []
        encoded = super().encode(
            to_matrix(X, names).astype(np.float32) if names else X, y, missing, needs_target
        )
        if not names:
            return encoded
        from weighin._tables.features import Feature

        features = tuple(Feature(name, (position,)) for position, name in enumerate(names))
        return Encoded(**{**vars(encoded), "features": features})
