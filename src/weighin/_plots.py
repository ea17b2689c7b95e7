"""Charts from plain values; never shows one, knows no result."""

from __future__ import annotations

import re
import textwrap
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._errors import InputError
from weighin._text import printable

BAR = "#1f6f8b"
BAR_NEGATIVE = "#c46b45"
INK = "#22313a"
QUIET = "#6b7a83"


def bars(
    names: Sequence[str],
    values: NDArray[np.float64],
    *,
    singles: NDArray[np.float64] | None = None,
    labels: Sequence[str],
    title: str,
    subtitle: str,
    xlabel: str,
    ax: Any = None,
) -> Any:
    """Draw horizontal bars, the first name on top.

    Parameters
    ----------
    names : sequence of str
        Long ones are wrapped.
    values : ndarray of shape (n,)
        Lengths of the bars; negative ones point left in another colour.
    singles : ndarray of shape (n, n_repeats), optional
        Drawn as dots over the bars.
    labels : sequence of str
        Text at the end of each bar.
    title, subtitle, xlabel : str
        Texts.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
    """
    wrapped = [wrap(name) for name in names]
    values = np.where(np.isfinite(values), values, 0.0)  # the label says that there is no number
    if ax is None:
        import matplotlib.pyplot as plt

        lines = sum(name.count("\n") + 1 for name in wrapped)
        _, ax = plt.subplots(figsize=(9, 1.9 + 0.42 * lines), layout="constrained")
    positions = np.arange(len(names))
    colours = [BAR if value >= 0 else BAR_NEGATIVE for value in values]
    ax.barh(positions, values, height=0.62, color=colours, zorder=2)
    reach = np.stack([values, values], axis=1)
    if singles is not None and singles.shape[1] > 1:
        singles = np.where(np.isfinite(singles), singles, np.nan)
        ax.plot(
            singles.ravel(),
            np.repeat(positions, singles.shape[1]),
            linestyle="none",
            marker="|",
            markersize=9,
            color=INK,
            alpha=0.55,
            zorder=3,
        )
        reach = np.concatenate([reach, np.nan_to_num(singles)], axis=1)
    low, high = np.minimum(reach.min(1), 0.0), np.maximum(reach.max(1), 0.0)
    span = float(high.max() - low.min()) or 1.0
    to_left = low < -0.02 * span
    for position, value, label in zip(positions, values, labels, strict=True):
        right = value >= 0 or not to_left[position]
        ax.annotate(
            literal(label),
            (high[position] if right else low[position], position),
            xytext=(7 if right else -7, 0),
            textcoords="offset points",
            va="center",
            ha="left" if right else "right",
            color=INK,
            fontsize=10,
        )
    left = low.min() - (0.16 * span if (to_left & (values < 0)).any() else 0.01 * span)
    ax.set_xlim(left, high.max() + 0.16 * span)
    ax.axvline(0, color=INK, linewidth=1, zorder=4)
    ax.set_yticks(positions, wrapped, fontsize=11, color=INK)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", colors=QUIET)
    ax.set_xlabel(literal(xlabel), color=QUIET)
    ax.grid(axis="x", color="#e3e8ea", zorder=0)
    ax.set_axisbelow(True)
    for side in ("top", "right", "left", "bottom"):
        ax.spines[side].set_visible(False)
    subtitle = textwrap.fill(printable(subtitle), 96)
    ax.set_title(
        literal(title),
        loc="left",
        fontsize=14,
        fontweight="bold",
        color=INK,
        pad=12 + 15 * (subtitle.count("\n") + 1),
    )
    ax.annotate(
        literal(subtitle),
        (0, 1),
        xytext=(0, 8),
        xycoords="axes fraction",
        textcoords="offset points",
        color=QUIET,
        fontsize=10,
        va="bottom",
    )
    return ax


def article_bars(frame: Any, *, limit: int, asc: bool, absolute: bool, **kwargs: Any) -> Any:
    """Draw the article's chart: pandas' horizontal bars of a frame (feature, importance), a number at each end."""
    if limit < 1:
        raise InputError(f"limit must be an integer >= 1, got {limit!r}.")
    shown = frame.copy()
    key = (lambda column: column.abs()) if absolute else None
    shown = shown.sort_values("importance", ascending=asc, key=key, kind="stable")[:limit]
    shown["feature"] = [literal(printable(str(name)[:25])) for name in shown["feature"]]
    shown = shown.sort_values("importance", ascending=not asc, key=key, kind="stable")
    import matplotlib.pyplot as plt

    with plt.style.context("fivethirtyeight"):
        ax = shown.plot.barh(x="feature", y="importance", **{"figsize": (20, 10), **kwargs})
    for patch in ax.patches:
        ax.annotate(f"{patch.get_width():.4f}", (patch.get_width() * 1.005, patch.get_y() * 1.005))
    return ax


def save(draw: Any, path: Any, *, dpi: int = 160) -> None:
    """Draw onto a figure without a screen and write it; the format follows the suffix.

    Parameters
    ----------
    draw : callable
        Gets a fresh Axes.
    path : path
        Where to.
    dpi : int
        Dots per inch.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), layout="constrained")
    FigureCanvasAgg(figure)
    ax = draw(figure.add_subplot())
    lines = sum(label.get_text().count("\n") + 1 for label in ax.get_yticklabels())
    figure.set_size_inches(9, max(2.6, 1.9 + 0.42 * lines))
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="Glyph .* missing from font"
        )  # an emoji in a name: a box is drawn
        figure.savefig(path, dpi=dpi)


def wrap(name: str, width: int = 28) -> str:
    """Break a long name into at most three lines, after spaces and underscores, marking what was cut."""
    wrapper = textwrap.TextWrapper(width)
    wrapper.wordsep_re = re.compile(r"(\s+|[^\s_]*_+)")
    lines = wrapper.wrap(printable(name))
    if len(lines) > 3:
        lines = [*lines[:2], lines[2][: width - 1] + "…"]
    return literal("\n".join(lines))


def literal(text: str) -> str:
    """Keep matplotlib from reading formulas into a text."""
    return text.replace("$", r"\$")
