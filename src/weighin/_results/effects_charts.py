"""The curves of effects as charts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from weighin._base.checks import check_limit, names_among
from weighin._base.errors import InputError
from weighin._display.charts import Curves, Panel
from weighin._display.numbers import interval_name
from weighin._results.effect import FeatureEffect
from weighin._results.effects_numbers import EffectsNumbers
from weighin._results.effects_words import aside, sentence
from weighin._results.provenance import marked

# features that a page shows
MOST_PANELS = 12
TITLE = "How predictions move with each feature"


@dataclass(frozen=True)
class ChartOptions:
    """What `Effects.plot` was asked for, but for where to draw."""

    features: Iterable[str] | None = None
    centered: bool = False
    limit: int = MOST_PANELS
    single_rows: bool = True


def curves(numbers: EffectsNumbers, options: ChartOptions) -> Curves:
    """Give the curves of features, all on one scale; see `Effects.plot`."""
    check_limit(options.limit)
    names = None if options.features is None else names_among(options.features, numbers.features, "features")
    effects = list(numbers.by_reach) if names is None else [numbers[name] for name in names]
    if not effects:
        raise InputError("Nothing to draw: features is empty.")
    shown, axis = effects[: options.limit], f"change of {numbers.what}" if options.centered else numbers.what
    left_out = len(effects) - len(shown)
    return Curves(
        title=marked(
            numbers,
            "Curves" + (f" of the {len(shown)} features that move predictions most" if left_out else ""),
        ),
        xlabel=axis[:1].upper() + axis[1:],
        panels=[_panel(effect, numbers, options) for effect in shown],
        interval=interval_name(effects[0].confidence_level),
    )


def _panel(effect: FeatureEffect, numbers: EffectsNumbers, options: ChartOptions) -> Panel:
    means = effect.mean_curves(numbers.mean_prediction, centered=options.centered)
    local = means.get("ale")
    singles = effect.single_rows(centered=options.centered)[:, : effect.n_points]
    return Panel(
        name=effect.feature,
        arrow=effect.arrow,
        direction=effect.direction_word,
        kind=effect.kind,
        dates=effect.dates,
        values=effect.values,
        labels=[*effect.labels, *([f"missing ({effect.missing_share:.0%})"] if effect.missing_share else [])],
        mean=means["pd"].effect,
        interval=means["pd"].interval(effect.confidence_level),
        local=None if local is None else local.effect,
        curves=np.asarray(singles if options.single_rows else singles[:0]),
        said=f"{sentence(effect, numbers.what)} {aside(effect)}".rstrip(),
    )
