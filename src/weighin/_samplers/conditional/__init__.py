"""Swaps given other columns: donors among rows that look alike, values moved by what those columns explain."""

from weighin._samplers.conditional.columns import RawColumn, Unit
from weighin._samplers.conditional.model import GivenModel, UnitSwap, fit_given
from weighin._samplers.conditional.report import GivenReport

__all__ = ["GivenModel", "GivenReport", "RawColumn", "Unit", "UnitSwap", "fit_given"]
