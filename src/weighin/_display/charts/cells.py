"""Tables of coloured cells, which segments and clusters share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._display.charts.look import PALE, Look, readable_on
from weighin._display.charts.texts import cut, literal, unknown_glyphs

# points; smaller letters are left out
LEAST = 5.0
# cells whose numbers somebody may want to read
MOST = 1500


def colour(ax: Any, values: NDArray[np.float64], colours: Any, low: float, high: float, look: Look) -> Any:
    """Fill a cell for every value; what is no number stays empty, with a diagonal line through it."""
    shown = np.ma.masked_invalid(values)
    image = ax.pcolormesh(
        np.arange(values.shape[1] + 1) - 0.5,
        np.arange(values.shape[0] + 1) - 0.5,
        shown,
        cmap=colours,
        vmin=low,
        vmax=high,
        edgecolors=look.ground,
        linewidth=min(1.0, 40 / max(values.shape)),
    )
    for row, column in zip(*np.nonzero(np.ma.getmaskarray(shown)), strict=True):
        ax.plot(
            [column - 0.3, column + 0.3], [row + 0.3, row - 0.3], color=look.quiet, linewidth=1, gid="none"
        )
    ax.grid(visible=False)
    ax.tick_params(axis="x", length=0)
    for side in ("top", "right", "left", "bottom"):
        ax.spines[side].set_visible(False)
    return image


def write(
    ax: Any,
    values: NDArray[np.float64],
    texts: Sequence[Sequence[str]],
    pale: NDArray[np.bool_],
    image: Any,
    *,
    width: float,
    height: float,
) -> bool:
    """Write a text into each cell, `width` by `height` points, where letters of a readable size fit.

    Returns Whether they did.
    """
    longest = max((len(text) for row in texts for text in row), default=1)
    size = min(9.5, 0.62 * height, 1.5 * width / max(longest, 1))
    if size < LEAST or values.size > MOST:
        return False
    for row, column in np.ndindex(values.shape):
        if not np.isfinite(values[row, column]) or not texts[row][column]:
            continue
        ink = readable_on(image.cmap(image.norm(values[row, column])))
        unsure = bool(pale[row, column])
        ax.text(
            column,
            row,
            literal(texts[row][column]),
            ha="center",
            va="center",
            color=ink,
            alpha=PALE + 0.3 if unsure else 1.0,
            fontstyle="italic" if unsure else "normal",
            fontsize=size,
        )
    return True


@unknown_glyphs()
def name_columns(ax: Any, names: Sequence[str], look: Look, *, top: bool, width: float) -> float:
    """Write the names of columns, upright where they would run into each other; give their height in points."""
    short = [cut(name, 22) for name in names]
    ax.set_xlim(-0.5, len(names) - 0.5)
    ax.xaxis.set_ticks_position("top" if top else "bottom")
    size = float(np.clip(0.8 * width, 3.0, 10.0))
    labels = ax.set_xticks(np.arange(len(names)), short, color=look.ink, fontsize=min(10.0, max(size, 6.0)))
    texts = [tick.label2 if top else tick.label1 for tick in labels]
    dpi = ax.figure.dpi / 72
    if max((text.get_window_extent().width / dpi for text in texts), default=0.0) > 0.95 * width:
        for text in texts:
            text.set_rotation(90)
            text.set_fontsize(size)
    return max((text.get_window_extent().height / dpi for text in texts), default=0.0)


def scale(
    ax: Any, image: Any, look: Look, *, height: float, percent: bool = False, ends: tuple[float, float]
) -> None:
    """Explain the colours by a narrow bar under the Axes, which are `height` points high."""
    bar = ax.inset_axes([0.0, -16 / height, 0.35, 7 / height])
    bar.set_gid("scale")
    grid = np.linspace(*ends, 256)
    bar.imshow(grid[None], aspect="auto", cmap=image.cmap, norm=image.norm, extent=(ends[0], ends[1], 0, 1))
    bar.set_yticks([])
    bar.tick_params(axis="x", colors=look.quiet, labelsize=8, length=2)
    bar.locator_params(axis="x", nbins=5)
    if percent:
        from matplotlib.ticker import PercentFormatter

        bar.xaxis.set_major_formatter(PercentFormatter(1.0))
    for side in ("top", "right", "left", "bottom"):
        bar.spines[side].set_visible(False)
