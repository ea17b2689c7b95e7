"""Single shuffles: how far one shuffle lies from the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._display.charts.look import look_of
from weighin._display.charts.texts import axes_for, bare, fit_height, name_rows, write_around

BOXED = 5  # shuffles from which on quartiles say something


def shuffles(
    names: Sequence[str],
    singles: NDArray[np.float64],
    *,
    title: str,
    subtitle: str,
    xlabel: str,
    percent: bool = False,
    ax: Any = None,
) -> Any:
    """Draw a dot for every shuffle over a box of the middle half of them, the first name on top.

    Parameters
    ----------
    names : sequence of str
        Long ones are wrapped.
    singles : ndarray of shape (n, n_repeats)
        What is no number is left out. Boxes, with the median as a line, take five shuffles or more.
    title, subtitle, xlabel : str
        Texts.
    percent : bool
        Whether values are parts, to be counted in percent along the axis.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
    """
    ax, own = axes_for(ax)
    look = look_of(ax)
    write_around(ax, look, title, subtitle, xlabel)
    pitch = name_rows(ax, names, look, own=own)
    rows, repeats = np.arange(len(names)), singles.shape[1]
    known = np.where(np.isfinite(singles), singles, np.nan)
    some = np.flatnonzero(np.isfinite(known).any(axis=1))
    if repeats >= BOXED and len(some):
        low, middle, high = np.nanpercentile(known[some], [25, 50, 75], axis=1)
        ax.barh(some, high - low, left=low, height=0.62, color=look.bar, alpha=0.45, zorder=2)
        ax.vlines(middle, some - 0.31, some + 0.31, color=look.bar, linewidth=2, zorder=3, gid="medians")
    ax.plot(
        known.ravel(),
        np.repeat(rows, repeats),
        linestyle="none",
        marker="o",
        markersize=float(np.clip(0.2 * pitch, 1.0, 5.0)),
        markeredgewidth=0,
        color=look.ink,
        alpha=0.6,
        zorder=4,
        gid="shuffles",
    )
    ax.axvline(0, color=look.ink, linewidth=1, zorder=1)
    ax.margins(x=0.03)
    bare(ax, look, percent=percent)
    if own:
        fit_height(ax, pitch)
    return ax
