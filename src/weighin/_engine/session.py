"""A model opened once: what it does with rows, and how its swaps are best predicted, is found out once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, TypeVar

from weighin._base.errors import ModelError
from weighin._base.random_state import random_state_kept
from weighin._engine.arithmetic import imprecision, products_in, with_arithmetic
from weighin._engine.arrays import out_of_memory
from weighin._engine.collect import Collected, collect
from weighin._engine.kernels import View, kernel_for
from weighin._engine.measurement import Measurement, Scores
from weighin._engine.pace import Pace
from weighin._engine.plan import DEFAULTS, THREADS_FROM, Resources
from weighin._engine.plan_for import plan_for
from weighin._engine.predictions import Given, GivenRun, Use
from weighin._engine.probe import (
    SAMPLE_ROWS,
    Probe,
    difference,
    predicted,
    probe_in_memory,
    rounding_of,
)
from weighin._engine.proof import Proof, RowsDepend, donors_of, first_donors, first_steps, predict_together
from weighin._engine.run import Advance, Run
from weighin._engine.workers import Workers, settings_kept, threads_for, workers_for
from weighin._models import Model, Rows, Split
from weighin._models.protocol import Encoded
from weighin._samplers import Orders, Positions, Sampler
from weighin._tables.features import Feature

T = TypeVar("T")
C = TypeVar("C", bound=Collected)
Key = tuple[str, int | None, bool]
# that a call of the whole table may take, where it has to be made
AT_ONCE_BYTES = 2 * 2**30
# of a run in time, each a small part of what is left: so long may a look at all rows take
PROOF_BATCHES = 5
# predicted to tell how slow a fast model is; the first call may cost more
PACE_ROWS = 8, 8, 64


def _nothing(work: int) -> None:
    """Told of progress that nobody looks at."""


class Session:
    """A model that is measured once or more; it is brought into order at the first use, and back at the end.

    Whether it is a sum of parts is proven on all rows, once for rows that come again; that, and what it does with a
    few of them, holds until other rows come. A model that does not repeat itself is looked at each time, so that its
    numbers do not depend on what was asked before.

    `model`: adapted.

    Examples
    --------
    ``with Session(model) as session: session.measure(data, data.features, sampler, Measurement((metric,)))``
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self._held: ExitStack | None = None
        self._rows: Rows | None = None
        self._splits: list[Split | None] = []
        self._views: dict[Key, View] = {}
        self._baselines: dict[Key, Any] = {}
        # of slow models: what a few rows told holds for others, which are proven on all of them
        self._slow: dict[Key, Probe] = {}
        self._pace: Pace | None = None

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
        orders: Orders | None = None,
        advance: Advance = _nothing,
    ) -> Scores:
        """Swap features and measure what that does to metrics.

        `features`: what to swap. `sampler`: who gives to whom. `measurement`: what is asked of the predictions.
        `resources`: what may be used. `orders`: swap all features of a row one after the other, and measure what each
        step does to metrics that are means over rows; the evidence is of `Parts`. By default each feature is swapped
        alone. `advance`: told after each step how many row predictions it stood for. Raises ModelError if predictions
        are not finite or not one per row. Raises MetricError if a metric is not a number before any swap.

        Ctrl-C keeps what is finished: sections of features; in the first section, batches of rows with all its
        features; in the first batch, features. Before anything is finished, it is raised on.
        """
        scores = self.collect(collect, data, features, sampler, measurement, resources, advance, orders)
        if resources.arithmetic is None:
            return scores
        again = partial(
            self.collect, collect, data, features, measurement=measurement, advance=advance, orders=orders
        )
        return replace(scores, imprecision=imprecision(again, sampler, resources))

    def collect(
        self,
        collector: Callable[[Run, Advance], C],
        data: Encoded,
        features: Sequence[Feature],
        sampler: Sampler,
        measurement: Measurement,
        resources: Resources,
        advance: Advance,
        orders: Orders | None = None,
    ) -> C:
        """Swap features, and have a collector make of the predictions what it does; the rest as for `measure`."""
        n_jobs, chunk_rows = resources.n_jobs, _whole(resources.chunk_rows)
        n_swapped = sampler.n_receivers * sampler.n_repeats * len(features)
        # a function may call torch as well, and is not called in parallel: its threads are its own
        own_threads = n_jobs is None and n_swapped < THREADS_FROM

        def run(view: View) -> C:
            proof, unproven = self._proof(
                view,
                features,
                lambda: first_steps(sampler, orders) if orders else first_donors(sampler, features),
                resources,
            )
            plan = plan_for(
                view,
                data.rows,
                features,
                sampler,
                measurement,
                resources,
                self._jobs(resources),
                orders is not None,
            )
            workers_here = workers_for(view.probe.pred, plan.n_threads, own_threads or plan.on_device)
            with products_in(resources.arithmetic), workers_here as workers:
                together = self._baselines.get(_key(view.response, resources))
                seen = with_arithmetic(view, resources.arithmetic)
                seen = replace(seen, moved=sampler.moved, together=together)
                kernel = kernel_for(view)(seen, features, sampler.n_repeats, chunk_rows, workers)
                cut = plan, resources.batch_seconds
                task = Run(view, data, measurement, kernel, sampler, *cut, proof, unproven, orders)
                collected = collector(task, advance)
            if collected.complete and proof is not None and proof.swapped is not None:
                self._keep(replace(view, proven=True), resources)
            return collected

        with self._predicting(own_threads):
            return self._running(run, data.rows, measurement.response, resources)

    def predict_given(
        self,
        rows: Rows,
        given: Sequence[Given],
        use: Use[T],
        *,
        n_receivers: int,
        table: tuple[Rows, Positions],
        response: str = "predict",
        scale: Callable[[Any], Any] | None = None,
        resources: Resources = DEFAULTS,
        advance: Advance = _nothing,
    ) -> tuple[list[T], Probe]:
        """Predict all receivers with the values of one giver after the other, feature by feature.

        `rows`: encoded rows: first those that receive, then those that only give. `given`, shape (n_points,): what is
        swapped, and the positions of the rows that give. `use`: gets predictions as the rows are, shape (n_receivers,
        n_outputs), and after each swap, shape (n_points, n_receivers, n_outputs); what it gives back is kept. `table`,
        shape (n_receivers,): encoded rows that those which receive were drawn from, and the position of each there.
        `response`: as metrics have it. `scale`: from predictions to what is used of them; by default to those a user
        sees (`Model.to_user_scale`). `resources`, `advance`: as for `measure`. Returns `results`: one for each feature;
        `probe`: what the model did with a few rows: whether it is stochastic, or mixes rows. Raises ModelError if
        predictions are not finite or not one per row.
        """
        features = [feature for feature, _ in given]
        n_points = max((len(givers) for _, givers in given), default=0)
        work = sum(len(givers) for _, givers in given) * n_receivers

        def run(view: View) -> tuple[list[T], Probe]:
            donors = partial(donors_of, [givers for _, givers in given], n_receivers)
            proof, _ = self._proof(view, features, donors, resources, table)
            jobs = self._jobs(resources)
            n_threads = 1 if work < THREADS_FROM else threads_for(jobs)
            with workers_for(view.probe.pred, n_threads) as workers:
                seen = replace(view, together=self._baselines.get(_key(response, resources)))
                kernel = kernel_for(view)(seen, features, n_points, _whole(resources.chunk_rows), workers)
                task = GivenRun(view, kernel, n_receivers, resources.memory, proof, scale)
                return task.predict(given, use, advance), view.probe

        with self._predicting():
            return self._running(run, rows, response, resources)

    def predict_some(self, rows: Rows, which: Positions, response: str, resources: Resources) -> Any | None:
        """Predictions of some rows as they are, shape (n_some, n_outputs); None where they cannot be made of these."""
        with self._predicting():
            view = self._view(rows, response, resources)
            if view.at_once:
                return view.probe.pred[which]
            try:
                return predicted(view.predict, rows.take(which))
            # the run itself finds out what the model needs
            except Exception:
                return None

    def pace(self, rows: Rows, response: str, resources: Resources) -> Pace:
        """What calls of the model take, as a look at a few rows tells."""
        with self._predicting():
            pace = self._view(rows, response, resources).probe.pace
            if pace is None:
                pace = Pace()
                for n in PACE_ROWS:
                    start = time.monotonic()
                    try:
                        self.model.predict(rows.take(slice(0, n)), response)
                    except (MemoryError, RuntimeError) as error:
                        if not out_of_memory(error) or not pace.seconds_of:
                            raise
                        break
                    pace.learn(n, time.monotonic() - start)
            return pace

    @property
    def time_is_up(self) -> bool:
        """Whether the last run of a slow model stopped because it would not have ended in time."""
        return self._pace is not None and self._pace.over

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

    def _running(self, run: Callable[[View], T], rows: Rows, response: str, resources: Resources) -> T:
        """Do something with what is known of the model; once more where that turns out not to hold for all rows."""
        view = self._view(rows, response, resources)
        try:
            return run(view)
        except RowsDepend as found:
            view = self._at_once(view, found, resources)
        return run(view)

    def _view(self, rows: Rows, response: str, resources: Resources) -> View:
        """What is known of the model on some rows; the same for rows that come again."""
        if rows is not self._rows:
            self._forget()
            self._rows = rows
        if (key := _key(response, resources)) in self._views:
            return self._timed(self._views[key], resources)
        split = self._split(rows) if resources.fast else None
        if split is not None and not split.opaque:
            view = View(self.model, rows, response, split, Probe(split.like), proven=True)
        else:
            proven = self.model.row_by_row if split is None else split.row_by_row
            view = View(self.model, rows, response, split, Probe(None), proven)
            try:
                if key not in self._slow:
                    most, soon = _whole(resources.chunk_rows) or SAMPLE_ROWS, resources.deadline is not None
                    found = probe_in_memory(view.predict, view.rows, most, view.model.name, soon)
                else:
                    found = self._slow[key]
                # the calls of sums of parts are others
                found = found if split is None else replace(found, pace=None)
                if found.pace is not None and not found.noise:
                    self._slow[key] = found
                view = replace(view, probe=found)
                depends = view.probe.batch_dependence and RowsDepend(view.probe.batch_dependence)
            except Exception as error:
                if proven or out_of_memory(error):
                    raise
                depends = RowsDepend(0.0, error)
            if depends:
                return self._at_once(view, depends, resources)
            if view.probe.noise:
                view = replace(view, split=None)
        return self._timed(self._keep(view, resources), resources)

    def _at_once(self, view: View, dependence: RowsDepend, resources: Resources) -> View:
        """The same of a model that has to be called on the whole table.

        Raises ModelError if it cannot be, here. Raises Exception: the model's own, if it is not for being a part of the
        table that rows cannot be predicted.
        """
        failure = f"{type(dependence.error).__name__}: {dependence.error}" if dependence.error else ""
        probe = replace(view.probe, batch_dependence=dependence.difference, failure=failure, row_exact=False)
        why_not, n_rows = resources.not_at_once, view.rows.n_rows
        # nothing is known of what cannot be called on a few rows
        needed = 0 if probe.pred is None else n_rows * view.row_bytes
        if not why_not and needed > max(resources.memory, AT_ONCE_BYTES):
            why_not = f"a call of {n_rows:,} rows would take about {needed / 2**30:.1f} GiB: raise max_memory"
        if why_not:
            raise ModelError(f"{probe.why_at_once}. It has to be called on the whole table, and {why_not}.")
        try:
            pred, again = (predicted(view.predict, view.rows.take(slice(None))) for _ in range(2))
        except Exception as error:
            raise (dependence.error or error) from None
        noise = difference(again, pred, rounding_of(pred))
        # what differs may be chance alone
        if noise and dependence.error is None:
            probe = replace(probe, batch_dependence=0.0)
            return self._keep(
                replace(view, probe=replace(probe, noise=noise), split=None, proven=True), resources
            )
        probe = replace(probe, pred=pred, noise=noise)
        return self._keep(replace(view, probe=probe, split=None, at_once=True), resources)

    def _timed(self, view: View, resources: Resources) -> View:
        """The same, of which the calls of a slow model know when to stop."""
        self._pace = view.probe.pace
        if self._pace is not None:
            self._pace.deadline, self._pace.over = resources.deadline, False
        return view

    def _keep(self, view: View, resources: Resources) -> View:
        """Keep what is known of a model that repeats itself."""
        if view.probe.noise:
            self._forget()
        else:
            self._views[_key(view.response, resources)] = view
        return view

    def _proof(
        self,
        view: View,
        features: Sequence[Feature],
        donors: Callable[[], Positions | None],
        resources: Resources,
        table: tuple[Rows, Positions] | None = None,
    ) -> tuple[Proof | None, str]:
        """What predictions of all rows have to equal, where that has to be proven; or why that cannot be found out."""
        if view.proven or view.at_once or view.probe.noise:
            return None, ""
        if resources.batch_seconds is not None:
            n_rows, pace = view.rows.n_rows, view.probe.pace
            needed = 2 * (pace.seconds(n_rows) if pace else n_rows * view.probe.row_seconds)
            if needed > PROOF_BATCHES * resources.batch_seconds:
                return None, "the time allowed was too short to check more"
        memory = resources.memory if view.probe.pace is None else max(resources.memory, AT_ONCE_BYTES)
        most, key = max(1, int(memory / view.row_bytes)), _key(view.response, resources)
        rows, drawn = table or (view.rows, slice(None))
        try:
            if key not in self._baselines:
                start = time.monotonic()
                together = predict_together(view, rows, most)
                if view.probe.pace is not None and most >= rows.n_rows:
                    view.probe.pace.learn(rows.n_rows, time.monotonic() - start)
                self._baselines[key] = together[drawn]
            return Proof.of(view, features, donors(), most, self._baselines[key]), ""
        # what fails on parts of the rows, too, is raised there
        except Exception as error:
            return None, f"a call of all rows fails ({type(error).__name__}: {error})"

    def _split(self, rows: Rows) -> Split | None:
        """The model as a sum of parts, proven on all rows, once."""
        if not self._splits:
            self._splits.append(self.model.split(rows))
        return self._splits[0]

    def _forget(self) -> None:
        self._rows, self._splits, self._views, self._baselines = None, [], {}, {}


def _key(response: str, resources: Resources) -> Key:
    return response, _whole(resources.chunk_rows), resources.fast


def _whole(chunk_rows: int | None) -> int | None:
    """One of Python's integers: torch takes none of numpy's."""
    return None if chunk_rows is None else int(chunk_rows)
