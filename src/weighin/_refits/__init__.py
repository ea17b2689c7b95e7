"""What features weigh for a way of training, not for one model."""

from __future__ import annotations

from weighin._refits._result import Refits
from weighin._refits._run import weigh_refits

__all__ = ["Refits", "weigh_refits"]
