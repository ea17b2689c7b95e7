"""Train and measure many models: in processes, with progress, each stored when done, none dropped in silence."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from weighin._base.errors import MetricError, ModelError
from weighin._base.progress import tracking
from weighin._base.random_state import one_thread
from weighin._refit.fits.criterion import Criterion
from weighin._refit.fits.design import Design
from weighin._refit.fits.measure import Unmeasurable, measure
from weighin._refit.fits.splits import Splits
from weighin._refit.fits.store import Outcome, Store
from weighin._refit.fits.weighing import weigh_model
from weighin._refit.recipes.seeds import seed_at

if TYPE_CHECKING:
    import pandas as pd

    from weighin._refit.recipes.recipe import Recipe

# fits that failed before any had worked
GIVE_UP = 3


@dataclass(frozen=True)
class Job:
    """One fit."""

    # which variant, as a sum of what it is
    key: str
    features: tuple[str, ...]
    # which split; which of the fits, paired over variants
    fold: int
    fit: int
    # whether its model is weighed, too
    weighed: bool = False

    @property
    def file(self) -> str:
        """Name in a store."""
        return f"{self.key}-{self.fold}-{self.fit}" + "-weighed" * self.weighed


@dataclass(frozen=True)
class Task:
    """What all fits of a plan share."""

    recipe: Recipe
    criterion: Criterion
    random_state: int
    # ``weighing(model, frame, features, target)`` gives what is to be kept of weighing a model
    weighing: Callable[..., dict[str, Any]] | None = None
    # whether what each row adds to the metric is kept: where the rows are the same in every fit
    parts: bool = True

    def __call__(self, job: Job, train: pd.DataFrame, test: pd.DataFrame, first: int = 0) -> Outcome:
        """Train and measure, from the seed number `first`; on failure once more, with another seed."""
        errors: list[str] = []
        start = time.monotonic()
        for seed in self.seeds(job)[first:]:
            try:
                outcome = self._once(job, train, test, seed)
            except Unmeasurable:
                # nor by another seed
                raise
            except Exception as error:
                # whatever training may raise: it is written down
                errors.append(f"{type(error).__name__}: {error}")
                continue
            return dataclasses.replace(outcome, errors=tuple(errors), seconds=time.monotonic() - start)
        return failure(errors, seed, time.monotonic() - start)

    def seeds(self, job: Job) -> tuple[int, int]:
        """The seed of a job, and the one to try after a failure; the same for all variants."""
        place = job.fold, job.fit
        return seed_at(self.random_state, *place), seed_at(self.random_state, *place, 1)

    def _once(self, job: Job, train: pd.DataFrame, test: pd.DataFrame, seed: int) -> Outcome:
        model = self.recipe.train(train, job.features, random_state=seed)
        target = self.recipe.target
        weights = {}
        with one_thread():
            held_out = measure(model, test, job.features, target, self.criterion, parts=self.parts)
            if self.weighing is not None and job.weighed:
                weights = self.weighing(model, test, job.features, target)
        return dataclasses.replace(held_out, seed=seed, weights=weights)


def task_of(design: Design, criterion: Criterion, *, parts: bool, **options: Any) -> Task:
    """The task of a design; `options` are those of weighing, the same shuffles for every model of the same rows."""
    blocks = not design.splits.resampled
    seed = design.random_state
    weighing = partial(weigh_model, criterion=criterion, random_state=seed, blocks=blocks, **options)
    return Task(design.recipe, criterion, seed, weighing, parts)


def failure(errors: Sequence[str], seed: int, seconds: float = 0.0) -> Outcome:
    """A fit without a model."""
    return Outcome(np.nan, np.zeros(0), seed=seed, seconds=seconds, errors=tuple(errors))


def failures(table: Sequence[Sequence[Outcome]]) -> list[str]:
    """Say which fits failed, why, and what was done; `table` holds outcomes by fold and fit."""
    lines = []
    for fold, row in enumerate(table):
        where = f" of fold {fold + 1}" if len(table) > 1 else ""
        for fit, outcome in enumerate(row):
            if outcome.errors:
                again = f"trained with seed {outcome.seed} instead"
                end = "failed again and is left out" if outcome.failed else again
                lines.append(f"fit {fit + 1}{where} failed ({'; then '.join(outcome.errors)}); {end}.")
    return lines


def run_fits(
    task: Task,
    design: Design,
    jobs: Sequence[Job],
    store: Store,
    *,
    frame: pd.DataFrame | None = None,
    n_jobs: int | None = None,
    progress: bool | None = None,
    what: str = "Training",
) -> dict[Job, Outcome]:
    """Do all jobs that the store does not hold, and give every outcome."""
    table = design.frame if frame is None else frame
    done: dict[Job, Outcome] = {}
    with tracking(what, len(jobs), progress) as advance:
        for job in jobs:
            stored = store.load(job.file)
            if stored is not None:
                done[job] = stored
                advance(1)
        left = [job for job in jobs if job not in done]
        if left:
            store.check()
        try:
            for job, outcome in _outcomes(task, table, design.splits, left, n_jobs):
                store.save(job.file, outcome)
                done[job] = outcome
                advance(1)
                failed = [fit for fit in done.values() if fit.failed]
                if len(failed) == len(done) >= min(GIVE_UP, len(jobs)):
                    raise ModelError(f"No model could be trained. {failed[0].errors[0]}")
        except Unmeasurable as error:
            raise MetricError(str(error)) from error
        except KeyboardInterrupt as stop:
            if store.folder is not None:
                stop.add_note(
                    f"{len(done)} of {len(jobs)} fits are in '{store.folder}'; the same call continues "
                    "from there."
                )
            raise
    return done


def _outcomes(
    task: Task, frame: pd.DataFrame, splits: Splits, jobs: Sequence[Job], n_jobs: int | None
) -> Iterator[tuple[Job, Outcome]]:
    """Outcomes as they come; after a process has died, the jobs left over are tried one by one."""
    from joblib.externals.loky.process_executor import BrokenProcessPool

    left = list(jobs)
    # a process needs the rows of its own fit alone
    without_rows = dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, train_rows=None))

    def call(job: Job, first: int = 0) -> tuple[Any, ...]:
        sides = splits.sides(job.fold, job.fit)
        part = frame[list(dict.fromkeys([*job.features, *task.recipe.target]))]
        return _work, (without_rows, job, part.iloc[sides.train], part.iloc[sides.test], first), {}

    try:
        for job, outcome in _parallel(map(call, jobs), len(jobs), n_jobs):
            left.remove(job)
            yield job, outcome
    except BrokenProcessPool:
        yield from _one_by_one(left, task, call)


def _one_by_one(
    jobs: Sequence[Job], task: Task, call: Callable[[Job, int], tuple[Any, ...]]
) -> Iterator[tuple[Job, Outcome]]:
    """Do jobs in a process beside this one, which may die: then it is known of what."""
    from joblib.externals.loky import ProcessPoolExecutor
    from joblib.externals.loky.process_executor import BrokenProcessPool

    beside = ProcessPoolExecutor(max_workers=1)
    try:
        for job in jobs:
            errors: list[str] = []
            outcome = None
            while outcome is None and len(errors) < 2:
                function, arguments, _ = call(job, len(errors))
                try:
                    _, outcome = beside.submit(function, *arguments).result()
                except BrokenProcessPool:
                    errors.append("The process that trained it died.")
                    beside = ProcessPoolExecutor(max_workers=1)
            outcome = outcome or failure((), task.seeds(job)[1])
            yield job, dataclasses.replace(outcome, errors=(*errors, *outcome.errors))
    finally:
        beside.shutdown(kill_workers=True)


def _parallel(calls: Iterable[Any], count: int, n_jobs: int | None) -> Iterator[tuple[Job, Outcome]]:
    import joblib

    if not count:
        return
    if n_jobs is not None:
        n_jobs = min(n_jobs, count)
    try:
        run = joblib.Parallel(n_jobs, return_as="generator_unordered")
    except ValueError:
        # a backend that gives everything at the end: in rounds, to store what is done
        waiting = list(calls)
        run = joblib.Parallel(n_jobs)
        step = 2 * run._effective_n_jobs()
        for start in range(0, len(waiting), step):
            yield from run(waiting[start : start + step])
        return
    yield from run(calls)


def _work(task: Task, job: Job, train: pd.DataFrame, test: pd.DataFrame, first: int) -> tuple[Job, Outcome]:
    return job, task(job, train, test, first)
