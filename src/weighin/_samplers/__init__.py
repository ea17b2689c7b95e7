"""Samplers: who gives values to whom."""

from weighin._samplers.block import Block
from weighin._samplers.donors import Donors, Positions, ShiftedDonors
from weighin._samplers.explicit import ExplicitSampler
from weighin._samplers.marginal import BLOCK_ROWS, MarginalSampler, row_order
from weighin._samplers.order import RandomOrder
from weighin._samplers.orders import Orders, Places
from weighin._samplers.sampler import Sampler
from weighin._samplers.spread import SpreadSampler

__all__ = [
    "BLOCK_ROWS",
    "Block",
    "Donors",
    "ExplicitSampler",
    "MarginalSampler",
    "Orders",
    "Places",
    "Positions",
    "RandomOrder",
    "Sampler",
    "ShiftedDonors",
    "SpreadSampler",
    "row_order",
]
