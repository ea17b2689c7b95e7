"""Colours that hold on a light and on a dark ground, for every kind of eye."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# stands out from white, from black, and from the ink over it
BAR = "#3b8fb0"
BAR_NEGATIVE = "#c9703f"
# of what cannot be told apart from zero
PALE = 0.4


@dataclass(frozen=True)
class Look:
    """Colours of one chart.

    `ground`: colour of the ground, about.
    `ink`, `quiet`, `grid`: names and numbers, what explains them, and lines behind.
    `between`: of what lies between two dots.
    `bar`, `negative`: what counts for a feature and what against it: blue and orange, which no colour blindness mixes
        up.
    """

    ground: str
    ink: str
    quiet: str
    grid: str
    between: str
    bar: str
    negative: str

    def pale(self, colour: str) -> Any:
        """Give a colour as pale as what cannot be told apart from zero, through which nothing shows."""
        from matplotlib.colors import to_hex, to_rgb

        return to_hex(PALE * np.array(to_rgb(colour)) + (1 - PALE) * np.array(to_rgb(self.ground)))

    def diverging(self) -> Any:
        """Colours from negative over nothing, which is the ground, to positive."""
        from matplotlib.colors import LinearSegmentedColormap

        return LinearSegmentedColormap.from_list("weighin", [self.negative, self.ground, self.bar])

    def rising(self) -> Any:
        """Colours from nothing, which is the ground, to much."""
        from matplotlib.colors import LinearSegmentedColormap

        return LinearSegmentedColormap.from_list("weighin", [self.ground, self.bar])


LIGHT = Look("#ffffff", "#22313a", "#5f6e77", "#e3e8ea", "#c9d2d6", BAR, BAR_NEGATIVE)
DARK = Look("#101417", "#e8eef1", "#a3b1b9", "#333d43", "#4a565d", BAR, BAR_NEGATIVE)


def look_of(ax: Any) -> Look:
    """Choose the colours for the ground an Axes lies on; a see-through one is as dark as its style's text is light."""
    import matplotlib as mpl
    from matplotlib.colors import to_rgb, to_rgba

    ground, seen = np.zeros(3), 1.0
    for colour in (ax.get_facecolor(), ax.figure.get_facecolor()):
        *rgb, alpha = to_rgba(colour)
        ground, seen = ground + seen * alpha * np.array(rgb), seen * (1 - alpha)
    if seen > 0.5:
        return DARK if luminance(np.array(to_rgb(mpl.rcParams["text.color"]))) > 0.5 else LIGHT
    return DARK if luminance(ground / (1 - seen)) < 0.2 else LIGHT


def luminance(rgb: NDArray[np.float64]) -> float:
    """Relative luminance of a colour, 0 black to 1 white (WCAG 2)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def readable_on(rgba: Any, dark: str = "#101417", light: str = "#ffffff") -> str:
    """Give the ink that stands out more on a filled cell."""
    return light if luminance(np.asarray(rgba[:3], dtype=float)) < 0.18 else dark
