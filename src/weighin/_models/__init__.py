"""Adapters: from the user's model and table to encoded columns that can be swapped and predicted on."""

from weighin._metrics import Outputs
from weighin._models.meaning import declared
from weighin._models.protocol import Encoded, Model, Rows, Split
from weighin._models.registry import Adapter, as_model, is_prepared, type_names
from weighin._models.table import TableModel, as_given, as_matrix

__all__ = [
    "Adapter",
    "Encoded",
    "Model",
    "Outputs",
    "Rows",
    "Split",
    "TableModel",
    "as_given",
    "as_matrix",
    "as_model",
    "declared",
    "is_prepared",
    "type_names",
]
