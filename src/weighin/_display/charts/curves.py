"""Curves of features side by side, from plain arrays; never shows them, knows no result."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError
from weighin._display.charts.chart import Curves, Panel
from weighin._display.charts.look import Look, look_of
from weighin._display.charts.texts import cut, unknown_glyphs

COLUMNS = 3
# inches of one panel, and of the legend under all of them
PANEL = (3.4, 2.7)
LEGEND = 0.3
# how strong single rows are drawn
FAINT = 0.18


@unknown_glyphs()
def panels(chart: Curves, *, axes: Any = None, figure: Any = None) -> NDArray[Any]:
    """Draw one panel per feature on Axes given, or on new ones of a figure; without both, of a new one of pyplot."""
    drawn, ylabel = chart.panels, chart.xlabel
    own = axes is None
    if own:
        axes = _new_axes(drawn, figure)
    axes = np.array(axes, dtype=object).ravel()
    odd = [ax for ax in axes if not hasattr(ax, "get_figure")]
    if odd:
        raise InputError(f"ax must be one or more matplotlib Axes or None, got {type(odd[0]).__name__}.")
    if len(axes) != len(drawn):
        raise InputError(f"ax must hold one Axes per feature: {len(drawn)} features, got {len(axes)} Axes.")
    low, high = chart.limits()
    columns = _columns(len(drawn)) if own else 1
    # rows of panels whose scale has its name
    labelled = set()
    for place, (ax, panel) in enumerate(zip(axes, drawn, strict=True)):
        look = look_of(ax)
        if panel.kind == "nominal":
            _dots(ax, panel, look)
            ax.set_xlim(low, high)
            ax.set_xlabel(ylabel, color=look.quiet, fontsize=9)
        else:
            _line(ax, panel, look)
            ax.set_ylim(low, high)
            if place // columns not in labelled:
                labelled.add(place // columns)
                ax.set_ylabel(ylabel, color=look.quiet, fontsize=9)
        ax.set_title(
            f"{cut(panel.name, 24)}  {panel.arrow}",
            loc="left",
            fontsize=11,
            fontweight="bold",
            color=look.ink,
        )
        ax.tick_params(colors=look.quiet, length=0, labelsize=9)
        ax.grid(color=look.grid, linewidth=0.8)
        ax.set_axisbelow(True)
        for spine in ax.spines.values():
            spine.set_visible(False)
    _explain(axes, drawn, chart.interval, own=own)
    return axes


def _new_axes(drawn: Sequence[Panel], figure: Any) -> Any:
    n = len(drawn)
    columns = _columns(n)
    rows = math.ceil(n / columns)
    tallest = max((len(panel.labels) for panel in drawn if panel.kind == "nominal"), default=0)
    height = max(PANEL[1], 0.9 + 0.19 * tallest)
    single = 1.6 if n == 1 else 1.0
    size = (PANEL[0] * columns * single, height * rows * single + LEGEND)
    if figure is None:
        import matplotlib.pyplot as plt

        figure = plt.figure(figsize=size, layout="constrained")
    else:
        figure.set_size_inches(size)
    grid = figure.subplots(rows, columns, squeeze=False)
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)
    cells = list(grid.ravel())
    for cell in cells[n:]:
        figure.delaxes(cell)
    return cells[:n]


def _columns(n: int) -> int:
    """Panels beside each other: four make a square."""
    return 2 if n == 4 else min(n, COLUMNS)


def _line(ax: Any, panel: Panel, look: Look) -> None:
    k = len(panel.values)
    x = panel.values if panel.kind == "numeric" else np.arange(k)
    if len(panel.curves):
        ax.plot(x, panel.curves.T, color=look.quiet, alpha=FAINT, linewidth=0.8, zorder=1, gid="curve")
    lower, upper = panel.interval
    few = k <= 12
    ax.fill_between(x, lower[:k], upper[:k], color=look.bar, alpha=0.25, linewidth=0, zorder=2)
    ax.plot(
        x,
        panel.mean[:k],
        color=look.bar,
        linewidth=2.4,
        marker="o" if few else "",
        markersize=4,
        zorder=4,
        gid="mean",
    )
    if panel.local is not None:
        ax.plot(x, panel.local, color=look.negative, linewidth=1.6, linestyle="--", zorder=3, gid="ale")
    # rows without a value, beside the axis
    if len(panel.mean) > k:
        beside = float(x[-1] + 0.08 * (x[-1] - x[0] or 1.0)) if k else 0.0
        _whisker(ax, beside, panel.mean[-1], lower[-1], upper[-1], look, upright=True)
        ax.annotate(
            "missing",
            (beside, upper[-1]),
            xytext=(0, 5),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color=look.quiet,
        )
    if panel.kind == "numeric":
        # where the rows are: marks as dense as they
        ax.plot(
            x,
            np.zeros(k),
            linestyle="none",
            marker=2,
            markersize=6,
            color=look.ink,
            alpha=0.6,
            zorder=5,
            transform=ax.get_xaxis_transform(),
            clip_on=False,
            gid="rug",
        )
        if np.array_equal(x, np.round(x)):
            ax.xaxis.get_major_locator().set_params(integer=True)
        if panel.dates:
            places = np.unique(np.linspace(0, k - 1, 3).round().astype(int))
            ax.set_xticks(x[places], [panel.labels[place] for place in places])
    else:
        shown = np.unique(np.linspace(0, k - 1, min(k, 6)).round().astype(int))
        ax.set_xticks(shown, [cut(panel.labels[place], 14) for place in shown])
        ax.set_xlim(-0.5, k - 0.5 + (len(panel.mean) > k))


def _dots(ax: Any, panel: Panel, look: Look) -> None:
    """Levels without an order: the highest on top."""
    order = np.argsort(-panel.mean, kind="stable")
    lower, upper = panel.interval
    for row, place in enumerate(order):
        _whisker(ax, row, panel.mean[place], lower[place], upper[place], look, upright=False)
    n = len(order)
    size = float(np.clip(150 / max(n, 1), 5, 9))
    ax.set_yticks(np.arange(n), [cut(panel.labels[place], 22) for place in order], fontsize=size)
    ax.set_ylim(n - 0.4, -0.6)


def _whisker(ax: Any, at: float, mean: float, low: float, high: float, look: Look, *, upright: bool) -> None:
    along, across = ([low, high], [at, at]), ([mean], [at])
    (xs, ys), (x, y) = (along[::-1], across[::-1]) if upright else (along, across)
    ax.plot(xs, ys, color=look.ink, linewidth=1.4, zorder=3, gid="whisker")
    ax.plot(x, y, linestyle="none", marker="o", markersize=6, color=look.bar, zorder=4, gid="mean")


def _explain(axes: NDArray[Any], drawn: Sequence[Panel], interval: str, *, own: bool) -> None:
    """Say what the lines are: under the panels of a figure of our own, else in the first one with curves."""
    from matplotlib.lines import Line2D

    curved = [(ax, panel) for ax, panel in zip(axes, drawn, strict=True) if panel.kind != "nominal"]
    if not curved:
        return
    first = curved[0][0]
    look = look_of(first)
    handles = [Line2D([], [], color=look.bar, linewidth=2.4, label=f"all rows moved there (PD), {interval}")]
    if any(panel.local is not None for _, panel in curved):
        dashed: dict[str, Any] = {"color": look.negative, "linewidth": 1.6, "linestyle": "--"}
        handles.append(Line2D([], [], label="rows that are near (ALE)", **dashed))
    if any(len(panel.curves) for _, panel in curved):
        handles.append(Line2D([], [], color=look.quiet, alpha=0.6, linewidth=0.8, label="single rows"))
    style: dict[str, Any] = {"handles": handles, "frameon": False, "labelcolor": look.quiet}
    if own:
        narrow = first.figure.get_figwidth() < 8
        first.figure.legend(
            loc="outside lower left", ncols=1 if narrow else len(handles), fontsize=9, borderpad=0, **style
        )
        return
    first.legend(loc="best", fontsize=7.5, **style).set_in_layout(False)
