"""How to train models again, on which rows, and many of them: with progress, in processes, resumable."""

from __future__ import annotations

from weighin._recipes._recipe import Recipe

__all__ = ["Recipe"]
