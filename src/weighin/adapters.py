"""What an adapter for another framework needs: import it from here, never from a private module.

An adapter tells weighin how to read the models of a framework. A package brings one along by an entry point of the
group ``weighin.models``, named after the package that the models come from.

`Adapter`
    What the entry point names: what it reads, whether it applies to a model, and how it wraps one.
`TableModel`
    A model that takes the table as its user has it: derive from it, write `name` and `predict`.
`Model`, `Rows`, `Encoded`, `Feature`, `Column`
    The whole protocol, for models whose tables are encoded first.
`Outputs`
    What predictions mean: numbers, probabilities, logits or labels.
`MetricContext`, `OutputAnswers`, `Metric`, `row_mean`
    What metrics have to know of a model, and metrics of its own.
`as_given`, `as_matrix`
    Encoded rows as the user's table was; predictions as a matrix of numbers.

Examples
--------
>>> from weighin.adapters import TableModel, as_given, as_matrix
>>> class Doubles(TableModel):
...     name = "a model that doubles"
...
...     def predict(self, rows, response="predict"):
...         return as_matrix(2 * as_given(rows)[:, 0], self.name, rows.n_rows)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weighin._metrics import Metric, MetricContext, OutputAnswers, row_mean
    from weighin._models import Adapter, Encoded, Model, Outputs, Rows, TableModel, as_given, as_matrix
    from weighin._tables.columns import Column
    from weighin._tables.features import Feature

_HOMES = {
    "Adapter": "_models",
    "Column": "_tables.columns",
    "Encoded": "_models",
    "Feature": "_tables.features",
    "Metric": "_metrics",
    "MetricContext": "_metrics",
    "Model": "_models",
    "OutputAnswers": "_metrics",
    "Outputs": "_models",
    "Rows": "_models",
    "TableModel": "_models",
    "as_given": "_models",
    "as_matrix": "_models",
    "row_mean": "_metrics",
}

__all__ = [
    "Adapter",
    "Column",
    "Encoded",
    "Feature",
    "Metric",
    "MetricContext",
    "Model",
    "OutputAnswers",
    "Outputs",
    "Rows",
    "TableModel",
    "as_given",
    "as_matrix",
    "row_mean",
]


def __getattr__(name: str) -> Any:
    """Load a name when it is first used: importing this module alone loads nothing heavy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'weighin.adapters' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"weighin.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
