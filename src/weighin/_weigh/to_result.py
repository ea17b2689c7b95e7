"""From the engine's answers to a result."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from weighin._base.versions import provenance
from weighin._engine import Scores
from weighin._inference import POOLED, Evidence, Link
from weighin._metrics import Metric
from weighin._results.importance_numbers import ImportanceNumbers
from weighin._weigh.experiment import Experiment
from weighin._weigh.given import GivenPlan

Kind = TypeVar("Kind", bound=ImportanceNumbers)


def result_of(
    experiment: Experiment,
    metrics: Sequence[Metric],
    scores: Scores,
    seed: int,
    block_rows: int,
    notes: Sequence[str],
    rows_sum: str = "",
    *,
    kind: type[Kind],
) -> Kind:
    """Put the answers of a run together: the first metric on all rows, with all others as its parts."""
    chosen, values, data = experiment.features, experiment.values, experiment.data
    finished = chosen[: scores.n_features]
    names, given = tuple(feature.name for feature in finished), experiment.given
    named_targets = data.targets or experiment.model.outputs().targets
    common: dict[str, Any] = {
        "features": names,
        "kernels": dict(zip(names, scores.kernels, strict=True)),
        "device": scores.device,
        "rows": data.what,
        "model": experiment.model.name,
        "target": ", ".join(name for name in named_targets if not name.isdigit()),
        "random_state": seed,
        "block_rows": block_rows,
        "groups": {feature.name: feature.members for feature in finished if feature.members},
        "complete": scores.complete,
        "unfinished": tuple(feature.name for feature in chosen[len(finished) :]),
        "by": values.by,
        "rows_sum": rows_sum,
        "given": "" if given is None else given.label,
        "given_reports": {} if given is None else {n: given.reports[n] for n in names if n in given.reports},
    }
    segments = [(metric, segment) for metric in metrics for segment in (None, *values.segments)]
    weighted = values.weights is not None
    places = [
        Place(
            metric.name,
            metric.greater_is_better,
            # what stands for a metric of all rows is no mean of a loss
            POOLED if metric.per_row is None else metric.link,
            weighted,
            segment,
            answer.baseline,
            _known(answer.change, names, given),
            answer.n_rows,
            answer.evidence,
        )
        for (metric, segment), answer in zip(segments, scores.swap_effects, strict=True)
    ]
    return dataclasses.replace(assembled(kind, common, places, notes), kept=scores.kept)


@dataclass(frozen=True)
class Place:
    """What was measured for one metric on all rows, or on a segment of them.

    `change`, shape (n_features, n_repeats): of the metric, by each swap.
    `weighted`: whether pairs have weights.
    """

    metric: str
    greater_is_better: bool
    link: Link
    weighted: bool
    segment: Any
    baseline: float
    change: NDArray[np.float64]
    n_rows: int
    evidence: tuple[Evidence, ...]


def assembled(
    kind: type[Kind], common: dict[str, Any], places: Sequence[Place], notes: Sequence[str]
) -> Kind:
    """Make a result: the first place, with all others as its parts. `common`: fields that all of them share."""
    common = {**common, **provenance()}
    parts = [
        kind(
            **common,
            importances=_worse(place),
            baseline=place.baseline,
            metric=place.metric,
            greater_is_better=place.greater_is_better,
            n_rows=place.n_rows,
            link=POOLED if place.link.is_mean and place.weighted else place.link,
            evidence=place.evidence,
            segment=place.segment,
        )
        for place in places
    ]
    undefined = [
        f"{part.metric} is not defined for {part.by} {part.segment}: there are no numbers for it."
        for part in parts
        if part.segment is not None and np.isnan(part.baseline)
    ]
    return dataclasses.replace(parts[0], parts=tuple(parts[1:]), notes=(*notes, *undefined))


def beside(main: Kind, part: Kind) -> Kind:
    """One result with another way to shuffle as a part."""
    notes = tuple(dict.fromkeys([*main.notes, *part.notes]))
    return dataclasses.replace(
        main, parts=(*main.parts, dataclasses.replace(part, parts=(), notes=()), *part.parts), notes=notes
    )


def remarks(scores: Scores, n_rows: int, why: str = "Interrupted") -> list[str]:
    """What a reader must know of the run."""
    notes = []
    if scores.noise:
        notes.append(
            "The model is stochastic: two predictions of the same rows differ by up to "
            f"{scores.noise:.3g}; the importances include that noise, which also hides whether rows change "
            "each other's predictions."
        )
    if scores.why_at_once:
        notes.append(
            f"{scores.why_at_once}: each swap was predicted on the whole table in one call, and batch_size "
            "and max_memory were ignored. Intervals assume independent rows, which these are not."
        )
    if scores.imprecision:
        notes.append(scores.imprecision)
    if scores.unproven:
        notes.append(
            "Whether a row's prediction depends on which rows are predicted together was checked on a few "
            f"rows only: {scores.unproven}."
        )
    if scores.n_rows < n_rows:
        notes.append(f"{why} after {scores.n_rows:,} of {n_rows:,} rows, drawn at random.")
    return notes


def _worse(place: Place) -> NDArray[np.float64]:
    """Positive where the metric got worse; no negative zeros."""
    return (-place.change if place.greater_is_better else place.change) + 0.0


def _known(change: NDArray[np.float64], names: Sequence[str], given: GivenPlan | None) -> NDArray[np.float64]:
    """Without numbers for features that cannot be told from the columns they are given."""
    if given is not None:
        reports = [given.reports.get(name) for name in names]
        change = change.copy()
        change[[report is not None and bool(report.inseparable_from) for report in reports]] = np.nan
    return change
