"""Which way features push: partial dependence, accumulated local effects, single curves, directions in words."""

from weighin._effects._effects import effects
from weighin._effects._result import Effects
from weighin._effects._values import raw_columns

__all__ = ["Effects", "effects", "raw_columns"]
