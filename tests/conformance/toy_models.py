"""A framework nobody has heard of, with the adapter that a package for it would bring along."""

from __future__ import annotations

from typing import Any

import numpy as np

from weighin.adapters import Outputs, TableModel, as_given, as_matrix


class Stumps:
    """A network of sorts: a step in every column. It has neither `predict` nor can it be called."""

    def __init__(self, weights: list[float]) -> None:
        self.weights = np.array(weights)

    def answer(self, table: Any) -> Any:
        return (np.asarray(table) > 0) @ self.weights


class StumpsModel(TableModel):
    """How weighin reads them."""

    def __init__(self, stumps: Stumps) -> None:
        self.stumps, self.name = stumps, "toy Stumps"

    def predict(self, rows: Any, response: str = "predict") -> Any:
        return as_matrix(self.stumps.answer(as_given(rows)), self.name, rows.n_rows)

    def outputs(self, response: str = "predict") -> Outputs:
        return Outputs("number", targets=("steps",))


class StumpsAdapter:
    reads = "the toy's Stumps"

    def applies(self, model: Any) -> bool:
        return type(model).__name__ == "Stumps"

    def adapt(self, model: Any, device: Any) -> StumpsModel:
        return StumpsModel(model)


adapter = StumpsAdapter()
