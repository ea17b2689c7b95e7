"""Which way a curve goes, in a word, at any confidence level."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MoveChances:
    """How likely chance alone makes the surest of the moves that decide a direction.

    Attributes
    ----------
    up, down : float
        p-value of the surest move up, and down, adjusted for all moves of all features (Holm); 1 without any that
        counts.
    against_peak, against_dip : float
        Likewise of the surest move that goes down before the highest point or up behind it, and the reverse.
    ordered : bool
        Whether the order of the points means anything.
    """

    up: float = 1.0
    down: float = 1.0
    against_peak: float = 1.0
    against_dip: float = 1.0
    ordered: bool = True

    def direction(self, confidence_level: float) -> str:
        """Name the way the curve goes: by the moves whose p-values are below 1 minus the level."""
        most = 1 - confidence_level
        up, down = self.up < most, self.down < most
        if not (up or down):
            return "none"
        if not self.ordered:
            return "differs"
        if up != down:
            return "rises" if up else "falls"
        if not self.against_peak < most:
            return "peaks"
        return "mixed" if self.against_dip < most else "dips"
