"""From the fits of all variants to what each of them does to the metric."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import ModelError
from weighin._inference.refits import Spread, resampled, rows_by_fits
from weighin._refit.ablate.variants import Plan, Variant
from weighin._refit.fits.design import Design
from weighin._refit.fits.run import Job, failures
from weighin._refit.fits.store import Outcome
from weighin._results.ablation import Ablation
from weighin._results.change import Change

# of the full model's metric: a change below it does not matter
TOLERANCE = 0.01

# folds x fits
Table = Sequence[Sequence[Outcome]]


@dataclass(frozen=True)
class Trained:
    """Everything that was trained."""

    plan: Plan
    design: Design
    outcomes: Mapping[Job, Outcome]
    fits: int

    def table(self, variant: Variant) -> Table:
        """Outcomes of a variant, by fold and fit; those of the full model may have been weighed, too."""
        key = variant.key(self.plan.frame)

        def outcome(fold: int, fit: int) -> Outcome:
            job = Job(key, variant.features, fold, fit)
            return self.outcomes.get(job) or self.outcomes[dataclasses.replace(job, weighed=True)]

        folds = range(len(self.design.splits.folds))
        return [[outcome(fold, fit) for fit in range(self.fits)] for fold in folds]

    def scores(self, table: Table) -> NDArray[np.float64]:
        """The metric of each fit, folds joined; NaN where one of them failed."""
        return self.design.weights @ np.array([[outcome.score for outcome in row] for row in table])


def ablation_of(trained: Trained, tolerance: float | None, unit: str, notes: Sequence[str]) -> Ablation:
    """Put the result together."""
    plan, design = trained.plan, trained.design
    full = trained.table(plan.full)
    worked = [outcome for outcome in trained.outcomes.values() if not outcome.failed]
    if not worked or all(outcome.failed for row in full for outcome in row):
        raise ModelError(
            f"The full model could not be trained. {full[0][0].errors[0] if full[0][0].errors else ''}"
        )
    scores = trained.scores(full)
    baseline = float(np.nanmean(scores)) if np.isfinite(scores).any() else math.nan
    all_notes = [*notes, *(f"Full model: {error}" for error in failures(full))]
    if trained.fits > 1 and not design.splits.resampled and _alike(full):
        all_notes.append(
            "All fits of the full model are alike: training uses no random numbers, so two fits are enough."
        )
    return Ablation(
        changes=tuple(_change(trained, variant, full) for variant in plan.variants),
        metric=worked[0].metric,
        greater_is_better=worked[0].greater_is_better,
        tolerance=float(abs(baseline) * TOLERANCE if tolerance is None else tolerance),
        features=plan.recipe.features,
        scores=tuple(scores.tolist()),
        fits=trained.fits,
        unit=unit,
        **design.made(all_notes),
    )


def _alike(table: Table) -> bool:
    return all(len({outcome.score for outcome in row}) == 1 for row in table)


def _change(trained: Trained, variant: Variant, full: Table) -> Change:
    table = trained.table(variant)
    scores, beside = trained.scores(table), trained.scores(full)
    paired = np.isfinite(scores) & np.isfinite(beside)
    return Change(
        label=variant.label,
        kind=variant.kind,
        features=variant.features,
        dropped=variant.dropped,
        added=variant.added,
        scores=tuple(scores.tolist()),
        full=tuple(beside.tolist()),
        estimate=float((scores - beside)[paired].mean()) if paired.any() else math.nan,
        spread=_spread(trained.design, table, full, (scores - beside)[paired], paired),
        n_rows=trained.design.n_test,
        errors=tuple(failures(table)),
    )


def _spread(
    design: Design, table: Table, full: Table, changes: NDArray[np.float64], paired: NDArray[np.bool_]
) -> Spread:
    """What the variance of the mean change is made of."""
    if design.splits.resampled:
        return resampled(changes, design.splits.ratio, design.n_test)
    if not paired.any():
        return Spread("unknown")
    rows_and_fits = [
        np.array(
            [own.units - other.units for own, other, both in zip(row, base, paired, strict=True) if both]
        ).T
        for row, base in zip(table, full, strict=True)
    ]
    return rows_by_fits(rows_and_fits, design.weights.tolist())
