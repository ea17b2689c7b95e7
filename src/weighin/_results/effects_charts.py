"""The curves of effects as charts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from weighin._base.checks import check_limit, names_among
from weighin._base.errors import InputError, listing
from weighin._display.charts.curves import Panel, panels
from weighin._display.charts.picture import picture
from weighin._results.effect import FeatureEffect
from weighin._results.effects_numbers import EffectsNumbers

# features, and curves of single rows of each, that a page shows
MOST_PANELS = 12
MOST_CURVES = 15


@dataclass(frozen=True)
class ChartOptions:
    """What `Effects.plot` was asked for."""

    features: Iterable[str] | None = None
    centered: bool = False
    limit: int = MOST_PANELS
    most_curves: int | None = None
    ax: Any = None
    figure: Any = None


def draw(numbers: EffectsNumbers, options: ChartOptions) -> Any:
    """Draw the curves of features, all on one scale; see `Effects.plot`."""
    shown = _chosen(numbers, options)
    axis = f"change of {numbers.what}" if options.centered else numbers.what
    return panels(
        [_panel(effect, numbers.mean_prediction, options) for effect in shown],
        ylabel=axis[:1].upper() + axis[1:],
        axes=options.ax,
        figure=options.figure,
    )


def pictures(numbers: EffectsNumbers) -> list[tuple[str, str]]:
    """Give the section of a page that shows the curves."""
    shown = _chosen(numbers, ChartOptions())
    names = listing([effect.feature for effect in shown], MOST_PANELS)
    left_out = len(numbers.effects) - len(shown)
    heading = "Curves" + (f" of the {len(shown)} features that move predictions most" if left_out else "")

    def fill(figure: Any) -> None:
        draw(numbers, ChartOptions(most_curves=MOST_CURVES, figure=figure))

    return [(heading, picture(fill, f"Curves of {names}: the sentences say what they show."))]


def _chosen(numbers: EffectsNumbers, options: ChartOptions) -> list[FeatureEffect]:
    check_limit(options.limit)
    asked = None if options.features is None else names_among(options.features, numbers.features, "features")
    shown = list(numbers.by_reach) if asked is None else [numbers[name] for name in asked]
    if not shown:
        raise InputError("Nothing to draw: features is empty.")
    return shown[: options.limit]


def _panel(effect: FeatureEffect, mean_prediction: float, options: ChartOptions) -> Panel:
    curves = effect.mean_curves(mean_prediction, centered=options.centered)
    local = curves.get("ale")
    return Panel(
        name=effect.feature,
        arrow=effect.arrow,
        kind=effect.kind,
        dates=effect.dates,
        values=effect.values,
        labels=[*effect.labels, *(["missing"] if effect.missing_share else [])],
        mean=curves["pd"].effect,
        interval=curves["pd"].interval(0.95),
        local=None if local is None else local.effect,
        curves=np.asarray(
            effect.single_rows(centered=options.centered)[: options.most_curves, : effect.n_points]
        ),
    )
