"""Adapters: from the user's model and frame to encoded columns that can be swapped and predicted on."""

from weighin._models.adapt import as_model
from weighin._models.protocol import Model, Rows, Split

__all__ = ["Model", "Rows", "Split", "as_model"]
