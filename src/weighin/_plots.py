"""Charts from plain values; never shows one, knows no result."""

from __future__ import annotations

import re
import textwrap
import unicodedata
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
PALE = 0.4  # of a bar that cannot be told apart from zero
_EDGE = 6  # points between the edge of the figure and its title


def bars(
    names: Sequence[str],
    values: NDArray[np.float64],
    *,
    singles: NDArray[np.float64] | None = None,
    interval: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
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
        Drawn as marks over the bars, where there is no interval.
    interval : tuple of ndarrays of shape (n,), optional
        Lower and upper ends, drawn as whiskers; a bar whose interval holds 0 is pale.
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
    own = ax is None
    if own:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=(9, 5), layout="constrained")
    positions = np.arange(len(names))
    colours = [BAR if value >= 0 else BAR_NEGATIVE for value in values]
    drawn = ax.barh(positions, values, height=0.62, color=colours, zorder=2)
    reach = np.stack([values, values], axis=1)
    if interval is not None:
        ends = [np.where(np.isfinite(end), end, values) for end in interval]
        ax.hlines(positions, *ends, color=INK, linewidth=2, zorder=3)
        for bar, low_end, high_end in zip(drawn, *ends, strict=True):
            bar.set_alpha(PALE if low_end <= 0 <= high_end else 1.0)
        reach = np.stack([values, *ends], axis=1)
    elif singles is not None and singles.shape[1] > 1:
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
    ax.grid(axis="x", color="#e3e8ea", zorder=0)
    ax.set_axisbelow(True)
    for side in ("top", "right", "left", "bottom"):
        ax.spines[side].set_visible(False)
    _write_around(ax, title, subtitle, xlabel)
    if own:
        _fit_height(ax)
    return ax


def _write_around(ax: Any, title: str, subtitle: str, xlabel: str) -> None:
    """Write the texts over and under the Axes, over the whole width it has in the figure, names included."""
    from matplotlib.transforms import ScaledTranslation, blended_transform_factory

    figure = ax.figure
    left, right = _place(ax)
    width = 0.98 * (right - left) * figure.bbox.width - 2 * _EDGE * figure.dpi / 72

    def above(points: float) -> Any:
        where = blended_transform_factory(figure.transSubfigure, ax.transAxes)
        return where + ScaledTranslation(_EDGE / 72, points / 72, figure.dpi_scale_trans)

    small = ax.text(left, 1, "", transform=above(8), color=QUIET, fontsize=10, va="bottom", gid="subtitle")
    _fill(small, subtitle, width)
    # a layout would take it for a part of the Axes and move it away from the edge; the title keeps the room above
    small.set_in_layout(figure.get_layout_engine() is None)
    height = small.get_window_extent().height * 72 / figure.dpi
    large = ax.set_title("", loc="left", x=left, y=1.0, fontsize=14, fontweight="bold", color=INK)
    large.set_transform(above(14 + height))
    _fill(large, title, width)
    _fill(ax.set_xlabel("", loc="right", color=QUIET), xlabel, width)


def _place(ax: Any) -> tuple[float, float]:
    """Left and right edge of the part of the figure that is the Axes' own, in fractions."""
    if len(ax.figure.axes) == 1:
        return 0.0, 1.0
    spec = ax.get_subplotspec()
    if spec is None or hasattr(
        spec.get_gridspec(), "get_topmost_subplotspec"
    ):  # by hand, or a grid in a grid
        return ax.get_position().x0, ax.get_position().x1
    edges = np.cumsum([0.0, *spec.get_gridspec().get_width_ratios()])
    return edges[spec.colspan.start] / edges[-1], edges[spec.colspan.stop] / edges[-1]


def _fill(label: Any, text: str, width: float) -> None:
    """Set a text in lines of at most `width` pixels, as measured; a word that is too long is broken."""

    def fits(line: str) -> bool:
        label.set_text(literal(line))
        return bool(label.get_window_extent().width <= width)

    lines = [""]
    for word in re.findall(r"\s*\S+", printable(text)):
        if fits(lines[-1] + word):
            lines[-1] += word
            continue
        lines.append("")
        for letter in word.lstrip():
            if not fits(lines[-1] + letter):
                lines.append("")
            lines[-1] += letter
    label.set_text(literal("\n".join(line for line in lines if line)))


def _fit_height(ax: Any) -> None:
    """Give the figure of one Axes the height that its names and texts take."""
    names = sum(label.get_text().count("\n") + 1 for label in ax.get_yticklabels())
    around = [ax.get_title(loc="left"), ax.get_xlabel(), *(t.get_text() for t in ax.texts if t.get_gid())]
    lines = sum(text.count("\n") + 1 for text in around)
    ax.figure.set_size_inches(9, max(2.6, 1.2 + 0.42 * names + 0.2 * lines))


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
    if "ax" not in kwargs:
        ax.figure.set_layout_engine("constrained")  # long names stay in the picture
    ax.margins(x=0.08)  # the numbers, too
    for patch in ax.patches:
        width = patch.get_width()
        side = "left" if width >= 0 else "right"  # beside the bar, not on it
        ax.annotate(f"{width:.4f}", (width * 1.005, patch.get_y() * 1.005), ha=side)
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
    _fit_height(ax)
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="Glyph .* missing from font"
        )  # an emoji in a name: a box is drawn
        figure.savefig(path, dpi=dpi)


def wrap(name: str, width: int = 28) -> str:
    """Break a long name into at most three lines, after spaces and underscores, marking what was cut.

    Letters twice as wide as others, such as Chinese ones, count as two.
    """
    wrapper = textwrap.TextWrapper(width)
    wrapper.wordsep_re = re.compile(r"(\s+|[^\s_]*_+)")
    second = "\0"  # half of a wide letter; `printable` has left none in the name
    text = "".join(c + second * (unicodedata.east_asian_width(c) in "WF") for c in printable(name))
    lines = wrapper.wrap(text)
    if len(lines) > 3:
        lines = [*lines[:2], lines[2][: width - 1] + "…"]
    return literal("\n".join(lines).replace(second, ""))


def literal(text: str) -> str:
    """Keep matplotlib from reading formulas into a text."""
    return text.replace("$", r"\$")
