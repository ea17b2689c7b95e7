"""From the engine's answers to a result."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from weighin._base.versions import provenance
from weighin._engine import Scores
from weighin._inference import POOLED, Link
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
    common: dict[str, Any] = {
        "features": names,
        "kernels": dict(zip(names, scores.kernels, strict=True)),
        "rows": data.what,
        "model": experiment.model.name,
        "random_state": seed,
        "block_rows": block_rows,
        "groups": {feature.name: feature.members for feature in finished if feature.members},
        "complete": scores.complete,
        "unfinished": tuple(feature.name for feature in chosen[len(finished) :]),
        "by": values.by,
        "rows_sum": rows_sum,
        "given": "" if given is None else given.label,
        "given_reports": {} if given is None else {n: given.reports[n] for n in names if n in given.reports},
        **provenance(),
    }
    places = [(metric, segment) for metric in metrics for segment in (None, *values.segments)]
    weighted = values.weights is not None
    parts = [
        kind(
            **common,
            importances=_known(_worse(answer.change, metric), names, given),
            baseline=answer.baseline,
            metric=metric.name,
            greater_is_better=metric.greater_is_better,
            n_rows=answer.n_rows,
            link=_link(metric, weighted),
            evidence=answer.evidence,
            segment=segment,
        )
        for (metric, segment), answer in zip(places, scores.swap_effects, strict=True)
    ]
    undefined = [
        f"{part.metric} is not defined for {values.by} {part.segment}: there are no numbers for it."
        for part in parts
        if part.segment is not None and np.isnan(part.baseline)
    ]
    main = parts[0]
    return dataclasses.replace(main, parts=tuple(parts[1:]), notes=(*notes, *undefined), kept=scores.kept)


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
    if scores.unproven:
        notes.append(
            "Whether a row's prediction depends on which rows are predicted together was checked on a few "
            f"rows only: {scores.unproven}."
        )
    if scores.n_rows < n_rows:
        notes.append(f"{why} after {scores.n_rows:,} of {n_rows:,} rows, drawn at random.")
    return notes


def _worse(change: NDArray[np.float64], metric: Metric) -> NDArray[np.float64]:
    """Positive where the metric got worse; no negative zeros."""
    return (-change if metric.greater_is_better else change) + 0.0


def _known(
    importances: NDArray[np.float64], names: Sequence[str], given: GivenPlan | None
) -> NDArray[np.float64]:
    """Without numbers for features that cannot be told from the columns they are given."""
    if given is not None:
        reports = [given.reports.get(name) for name in names]
        importances[[report is not None and bool(report.inseparable_from) for report in reports]] = np.nan
    return importances


def _link(metric: Metric, weighted: bool) -> Link:
    if metric.per_row is None or (metric.link.is_mean and weighted):
        return POOLED
    return metric.link
