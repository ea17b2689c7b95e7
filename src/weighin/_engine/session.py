"""A model opened once: what it does with rows, and how its swaps are best predicted, is found out once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from types import TracebackType
from typing import Any, TypeVar

import numpy as np
from joblib import effective_n_jobs

from weighin._base.random_state import random_state_kept
from weighin._engine.arrays import out_of_memory
from weighin._engine.collect import collect
from weighin._engine.kernels import View, kernel_for
from weighin._engine.measurement import Measurement, Scores
from weighin._engine.plan import DEFAULTS, THREADS_FROM, Resources, make_plan
from weighin._engine.predictions import Given, Use, predict_given
from weighin._engine.probe import SAMPLE_ROWS, Probe, probe
from weighin._engine.run import Advance, Run
from weighin._engine.workers import JoblibWorkers, Workers, settings_kept
from weighin._models import Model, Rows, Split
from weighin._models.protocol import Encoded
from weighin._samplers import Sampler
from weighin._tables.features import Feature

T = TypeVar("T")


def _nothing(work: int) -> None:
    """Told of progress that nobody looks at."""


class Session:
    """A model that is measured once or more; it is brought into order at the first use, and back at the end.

    Whether it is a sum of parts is proven on all rows, once for rows that come again; that, and what it does with a
    few of them, holds until other rows come. A model that does not repeat itself is looked at each time, so that its
    numbers do not depend on what was asked before.

    Parameters
    ----------
    model : Model
        Adapted.

    Examples
    --------
    ``with Session(model) as session: session.measure(data, data.features, sampler, Measurement((metric,)))``
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self._held: ExitStack | None = None
        self._rows: Rows | None = None
        self._splits: list[Split | None] = []
        self._views: dict[tuple[str, int | None, bool], View] = {}

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        held, self._held = self._held, None
        self._forget()
        if held is not None:
            held.close()

    def measure(
        self,
        data: Encoded,
        features: Sequence[Feature],
        sampler: Sampler,
        measurement: Measurement,
        resources: Resources = DEFAULTS,
        *,
        advance: Advance = _nothing,
    ) -> Scores:
        """Swap features and measure what that does to metrics.

        Parameters
        ----------
        data : Encoded
        features : sequence of Feature
            What to swap.
        sampler : Sampler
            Who gives to whom.
        measurement : Measurement
            What is asked of the predictions.
        resources : Resources
            What may be used.
        advance : callable
            Told after each step how many row predictions it stood for.

        Raises
        ------
        ModelError
            If predictions are not finite or not one per row.
        MetricError
            If a metric is not a number before any swap.

        Notes
        -----
        Ctrl-C keeps what is finished: sections of features; in the first section, batches of rows with all its
        features; in the first batch, features. Before anything is finished, it is raised on.
        """
        chunk_rows, n_jobs = _whole(resources.chunk_rows), resources.n_jobs
        # a function may call torch as well, and is not called in parallel: its threads are its own
        own_threads = (
            n_jobs is None and sampler.n_receivers * sampler.n_repeats * len(features) < THREADS_FROM
        )
        with self._predicting(own_threads):
            view = self._view(data.rows, measurement.response, resources)
            plan = make_plan(
                features,
                n_rows=sampler.n_receivers,
                n_repeats=sampler.n_repeats,
                row_bytes=data.rows.row_bytes,
                out_bytes=view.probe.pred[:1].nbytes,
                block_rows=sampler.largest_block,
                whole=measurement.whole,
                n_metrics=measurement.n_kept if measurement.whole else len(measurement.metrics),
                memory=resources.memory,
                n_jobs=self._jobs(resources),
                in_time=resources.batch_seconds is not None,
                row_seconds=view.probe.row_seconds,
            )
            with _workers(view, plan.n_threads, own_threads) as workers:
                kernel = kernel_for(view)(view, features, sampler.n_repeats, chunk_rows, workers)
                run = Run(view, data, measurement, kernel, sampler, plan, resources.batch_seconds)
                return collect(run, advance)

    def predict_given(
        self,
        rows: Rows,
        given: Sequence[Given],
        use: Use[T],
        *,
        n_receivers: int,
        response: str = "predict",
        resources: Resources = DEFAULTS,
        advance: Advance = _nothing,
    ) -> tuple[list[T], Probe]:
        """Predict all receivers with the values of one giver after the other, feature by feature.

        Parameters
        ----------
        rows : Rows
            Encoded rows: first those that receive, then those that only give.
        given : sequence of (Feature, ndarray of shape (n_points,))
            What is swapped, and the positions of the rows that give.
        use : callable
            Gets predictions as the rows are, shape (n_receivers, n_outputs), and after each swap, shape (n_points,
            n_receivers, n_outputs), as a user sees them (`Model.to_user_scale`); what it gives back is kept.
        n_receivers : int
        response : str
            As metrics have it.
        resources, advance
            As for `measure`.

        Returns
        -------
        results : list
            One for each feature.
        probe : Probe
            What the model did with a few rows: whether it is stochastic, or mixes rows.

        Raises
        ------
        ModelError
            If predictions are not finite or not one per row.
        """
        features = [feature for feature, _ in given]
        n_points = max((len(givers) for _, givers in given), default=0)
        work = sum(len(givers) for _, givers in given) * n_receivers
        with self._predicting():
            view = self._view(rows, response, resources)
            jobs = self._jobs(resources)
            n_threads = 1 if work < THREADS_FROM else effective_n_jobs(-1 if jobs is None else jobs)
            with _workers(view, n_threads) as workers:
                kernel = kernel_for(view)(view, features, n_points, _whole(resources.chunk_rows), workers)
                return predict_given(
                    view, kernel, given, use, n_receivers, resources.memory, advance
                ), view.probe

    def seconds(self, rows: Rows, response: str) -> float:
        """Time the model takes for some rows, in one call."""
        self._open()
        with random_state_kept():
            start = time.monotonic()
            self.model.predict(rows, response)
            return time.monotonic() - start

    @contextmanager
    def _predicting(self, own_threads: bool = False) -> Iterator[None]:
        """Generators and settings are given back after each use, so that the next one finds the same."""
        self._open()
        one_thread = Workers() if self.model.parallel and not own_threads else nullcontext()
        with random_state_kept(), settings_kept(), one_thread:
            yield

    def _open(self) -> None:
        """Bring the model into order, at the first use."""
        if self._held is None:
            with ExitStack() as held:
                held.enter_context(self.model.predicting())
                self._held = held.pop_all()

    def _jobs(self, resources: Resources) -> int | None:
        return resources.n_jobs if self.model.parallel or resources.n_jobs is not None else 1

    def _view(self, rows: Rows, response: str, resources: Resources) -> View:
        """What is known of the model on some rows; the same for rows that come again."""
        if rows is not self._rows:
            self._forget()
            self._rows = rows
        chunk_rows = _whole(resources.chunk_rows)
        key = response, chunk_rows, resources.fast
        if key not in self._views:
            split = self._split(rows) if resources.fast else None
            if split is None or split.opaque:
                found = _probe(partial(self.model.predict, response=response), rows, chunk_rows)
                split = None if found.noise or found.batch_dependence else split
            else:
                found = Probe(split.like)
            view = View(self.model, rows, response, split, found)
            if found.noise:
                self._forget()
                return view
            self._views[key] = view
        return self._views[key]

    def _split(self, rows: Rows) -> Split | None:
        """The model as a sum of parts, proven on all rows, once."""
        if not self._splits:
            self._splits.append(self.model.split(rows))
        return self._splits[0]

    def _forget(self) -> None:
        self._rows, self._splits, self._views = None, [], {}


def _workers(view: View, n_threads: int, own_threads: bool = False) -> Workers:
    """Threads, or what joblib is told; models of torch stay in this process: kernels write where all can read."""
    if isinstance(view.probe.pred, np.ndarray):
        return JoblibWorkers(n_threads)
    return Workers(n_threads, own_threads)


def _probe(predict: Callable[[Any], Any], rows: Rows, chunk_rows: int | None) -> Probe:
    """Look at fewer rows where memory runs out."""
    chunk_rows = chunk_rows or SAMPLE_ROWS
    while True:
        try:
            return probe(predict, rows, chunk_rows)
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error) or chunk_rows == 1:
                raise
        chunk_rows //= 2


def _whole(chunk_rows: int | None) -> int | None:
    """One of Python's integers: torch takes none of numpy's."""
    return None if chunk_rows is None else int(chunk_rows)
