"""Names and texts around a chart: wrapped, inside the figure, never read as formulas."""

from __future__ import annotations

import re
import textwrap
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.text import printable
from weighin._display.charts.chart import Chart
from weighin._display.charts.look import Look

# inches of a figure of our own
WIDTH = 9.0
# label of a figure without a window that `save` writes
OURS = "weighin"
# points between the edge of the figure and its title
_EDGE = 6
# names; more of them get one line each
_WRAPPED = 30
# inches; at 300 dots each about as much as a picture can hold
_TALLEST = 200.0


def axes_for(ax: Any) -> tuple[Any, bool]:
    """Give the Axes to draw on, and whether their figure may take the height it needs.

    Without Axes, those of a new figure of pyplot's, so that a notebook shows it.
    """
    if ax is None:
        import matplotlib.pyplot as plt

        return plt.subplots(figsize=(WIDTH, 5), layout="constrained")[1], True
    figure = ax.figure
    if figure.get_layout_engine() is None and figure.axes == [ax] and ax.get_subplotspec() is not None:
        # else long names would be cut at the edge
        figure.set_layout_engine("constrained")
    return ax, figure.get_label() == OURS


@contextmanager
def unknown_glyphs() -> Iterator[None]:
    """Draw a box, and say nothing, for a letter that the font does not have: an emoji in a name."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def name_rows(
    ax: Any,
    names: Sequence[str],
    look: Look,
    *,
    own: bool,
    signs: Sequence[str] = (),
    most: float = np.inf,
) -> float:
    """Write the names beside their rows, the first on top, in letters that leave each other room.

    Gives the points from one row to the next: at most `most` where the figure is our `own` and may grow with them.
    """
    labels = [wrap(name) for name in names] if len(names) <= _WRAPPED else [cut(name) for name in names]
    pitch = min(most, row_pitch(labels)) if own else _height(ax) / max(1, len(names))
    if pitch < 11 * _most_lines(labels):
        labels = [cut(name, 28) for name in names]
    if signs:
        labels = [f"{label} {sign}".rstrip() for label, sign in zip(labels, signs, strict=True)]
    ax.set_ylim(len(names) - 0.4, -0.6)
    size = float(np.clip(0.8 * pitch / _most_lines(labels), 2.0, 11.0))
    ax.set_yticks(np.arange(len(names)), labels, fontsize=size, color=look.ink)
    ax.tick_params(axis="y", length=0)
    return pitch


def ends_of_rows(ax: Any, texts: Sequence[str], quiet: NDArray[np.bool_], look: Look) -> None:
    """Write a text at the end of each row, at the right of the Axes."""
    for row, text in enumerate(texts):
        ax.annotate(
            literal(text),
            (1.0, row),
            xycoords=ax.get_yaxis_transform(),
            xytext=(12, 0),
            textcoords="offset points",
            va="center",
            color=look.quiet if quiet[row] else look.ink,
            fontsize=letters(ax),
        )


def row_pitch(labels: Sequence[str]) -> float:
    """Points from one name to the next in a figure of our own: less where there are many."""
    usual = float(np.interp(len(labels), [8, 40, 150], [32.0, 20.0, 13.0]))
    return min(max(usual, 13.5 * _most_lines(labels) + 5), 72 * (_TALLEST - 3) / max(1, len(labels)))


def _most_lines(labels: Sequence[str]) -> int:
    return max((label.count("\n") + 1 for label in labels), default=1)


def letters(ax: Any) -> float:
    """Size in points of the letters the names are written in, for numbers beside them."""
    labels = ax.get_yticklabels()
    return min(10.0, labels[0].get_fontsize()) if labels else 10.0


def bare(ax: Any, look: Look, *, percent: bool = False) -> None:
    """Leave of the frame only what helps: quiet numbers, in percent where they are parts, and lines behind."""
    if percent:
        from matplotlib.ticker import PercentFormatter

        ax.xaxis.set_major_formatter(PercentFormatter(1.0))
    ax.tick_params(axis="x", colors=look.quiet)
    ax.grid(axis="x", color=look.grid, zorder=0)
    ax.grid(axis="y", visible=False)
    ax.set_axisbelow(True)
    for side in ("top", "right", "left", "bottom"):
        ax.spines[side].set_visible(False)


@unknown_glyphs()
def write_around(ax: Any, look: Look, chart: Chart, *, lift: float = 0.0) -> None:
    """Write the texts over and under the Axes, over the whole width it has in the figure, names included.

    `lift` is the height in points of what stands on top of the Axes already.
    """
    from matplotlib.transforms import ScaledTranslation, blended_transform_factory

    figure = ax.figure
    left, right = _place(ax)
    width = 0.98 * (right - left) * figure.bbox.width - 2 * _EDGE * figure.dpi / 72

    def above(points: float) -> Any:
        where = blended_transform_factory(figure.transSubfigure, ax.transAxes)
        return where + ScaledTranslation(_EDGE / 72, points / 72, figure.dpi_scale_trans)

    small = ax.text(
        left, 1, "", transform=above(lift + 8), color=look.quiet, fontsize=10, va="bottom", gid="subtitle"
    )
    _fill(small, chart.subtitle + chart.marks, width)
    # a layout would take it for a part of the Axes and move it away from the edge; the title keeps the room above
    small.set_in_layout(figure.get_layout_engine() is None)
    height = small.get_window_extent().height * 72 / figure.dpi
    large = ax.set_title("", loc="left", x=left, y=1.0, fontsize=14, fontweight="bold", color=look.ink)
    large.set_transform(above(lift + 14 + height))
    _fill(large, chart.title, width)
    alone = len(figure.axes) == 1
    # beside others a layout may still make the Axes narrower, and the label ends where the Axes does
    _fill(ax.set_xlabel("", loc="right", color=look.quiet), chart.xlabel, width if alone else 0.62 * width)


def fit_height(ax: Any, pitch: float, extra: float = 0.0) -> None:
    """Give the figure of one Axes the height that its names and texts take, and `extra` points."""
    around = [ax.get_title(loc="left"), ax.get_xlabel(), *(t.get_text() for t in ax.texts if t.get_gid())]
    lines = sum(text.count("\n") + 1 for text in around)
    rows = len(ax.get_yticklabels())
    ax.figure.set_size_inches(
        ax.figure.get_figwidth(), max(2.4, 0.8 + (pitch * rows + extra) / 72 + 0.2 * lines)
    )


@unknown_glyphs()
def space_of(ax: Any) -> float:
    """Points from left to right that the names leave to the Axes itself, about."""
    left, right = _place(ax)
    names = [label.get_window_extent().width for label in ax.get_yticklabels()]
    points = 72 / ax.figure.dpi
    return max(20.0, ((right - left) * ax.figure.bbox.width - max(names, default=0.0)) * points - 14)


@unknown_glyphs()
def room_beside(ax: Any, texts: Sequence[str], size: float) -> float:
    """Part of the width of the Axes that the longest of some texts takes, about, a gap included."""
    probe = ax.text(0, 0, "", fontsize=size)
    longest = 0.0
    for text in {max(texts, key=len, default=""), *texts[:1], *texts[-1:]}:
        probe.set_text(literal(text))
        longest = max(longest, probe.get_window_extent().width)
    probe.remove()
    return float(np.clip((longest * 72 / ax.figure.dpi + 12) / space_of(ax), 0.02, 0.6))


def wrap(name: str, width: int = 28) -> str:
    """Break a long name into at most three lines, after spaces and underscores, marking what was cut.

    Letters twice as wide as others, such as Chinese ones, count as two.
    """
    wrapper = textwrap.TextWrapper(width)
    wrapper.wordsep_re = re.compile(r"(\s+|[^\s_]*_+)")
    # half of a wide letter; `printable` has left none in the name
    second = "\0"
    text = "".join(c + second * (unicodedata.east_asian_width(c) in "WF") for c in printable(name))
    lines = wrapper.wrap(text)
    if len(lines) > 3:
        lines = [*lines[:2], lines[2][: width - 1] + "…"]
    return literal("\n".join(lines).replace(second, ""))


def cut(name: str, width: int = 40) -> str:
    """Shorten a long name to one line by leaving out its middle: often only the end tells names apart."""
    text = printable(name)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    width -= wide * width // max(1, 2 * len(text))
    head, tail = (width + 1) // 2 - 1, width // 2
    return literal(text if len(text) <= width else f"{text[:head]}…{text[-tail:]}")


def literal(text: str) -> str:
    """Nothing but text: what moves a cursor is written out, and matplotlib reads no formula into it."""
    return "\n".join(map(printable, text.split("\n"))).replace("$", r"\$")


def _height(ax: Any) -> float:
    """Points from top to bottom of Axes whose figure is somebody else's, once a layout has made room for texts."""
    height, dpi = ax.get_window_extent().height, ax.figure.dpi
    spec = ax.get_subplotspec()
    if ax.figure.get_layout_engine() is not None and spec is not None:
        place = spec.get_position(ax.figure)
        rows = spec.get_gridspec().nrows
        height = ax.figure.bbox.height * (place.height if rows > 1 else 1.0)
        around = [ax._left_title, ax.xaxis.label, *(text for text in ax.texts if text.get_gid())]
        height -= sum(text.get_window_extent().height for text in around if text.get_text()) + 40 * dpi / 72
    return max(10.0, float(height * 72 / dpi))


def _place(ax: Any) -> tuple[float, float]:
    """Left and right edge of the part of the figure that is the Axes' own, in fractions."""
    if len(ax.figure.axes) == 1:
        return 0.0, 1.0
    spec = ax.get_subplotspec()
    # placed by hand, or in a grid in a grid
    if spec is None or hasattr(spec.get_gridspec(), "get_topmost_subplotspec"):
        return ax.get_position().x0, ax.get_position().x1
    edges = np.cumsum([0.0, *spec.get_gridspec().get_width_ratios()])
    return edges[spec.colspan.start] / edges[-1], edges[spec.colspan.stop] / edges[-1]


def _fill(label: Any, text: str, width: float) -> None:
    """Set a text in lines of at most `width` pixels, as measured; a word that is too long is broken."""

    def fits(line: str) -> bool:
        label.set_text(literal(line))
        return bool(label.get_window_extent().width <= width)

    lines = [""]
    # a number keeps its percent sign
    for word in re.findall(r"\s*\S+(?: %)?", printable(text)):
        if fits(lines[-1] + word):
            lines[-1] += word
            continue
        lines.append("")
        for letter in word.lstrip():
            if not fits(lines[-1] + letter):
                lines.append("")
            lines[-1] += letter
    label.set_text(literal("\n".join(line for line in lines if line)))
