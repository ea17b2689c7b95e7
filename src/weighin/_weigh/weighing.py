"""One call of `weigh`: its arguments, the experiment for each model, the result."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Generic

import numpy as np
from numpy.typing import NDArray

from weighin._base.checks import AUTO
from weighin._base.errors import InputError
from weighin._engine import Resources, Scores, Session, TimeUp
from weighin._engine.row_values import row_values
from weighin._engine.sums import STRATA
from weighin._metrics import Metric, resolve_metrics
from weighin._models import Model
from weighin._models.protocol import Encoded
from weighin._results.interrupted import Interrupted
from weighin._tables.containers import Table
from weighin._tables.features import renamed, select
from weighin._tables.frames import n_rows_of, rows_of
from weighin._weigh import arguments, spreading
from weighin._weigh.experiment import PILOT_REPEATS, Experiment, Measured
from weighin._weigh.given import GivenPlan, asked_for, check_given, plan_given
from weighin._weigh.grouping import Grouping
from weighin._weigh.large import Large
from weighin._weigh.precise import check_metrics, is_small, precision_note, weigh_precisely
from weighin._weigh.same_rows import sum_of_rows
from weighin._weigh.to_result import Kind, beside, remarks, result_of


def several(ask: Weighing[Kind], models: Sequence[Model], precision: float | None) -> tuple[Kind, ...]:
    """Weigh models on the same shuffles, what these change kept row by row where the metric has values per row."""
    if not models:
        raise InputError("The list of models is empty.")
    if precision is not None or ask.max_seconds is not None:
        raise InputError(
            "Several models are weighed with the same shuffles: give n_repeats, not precision or max_seconds."
        )
    ask = replace(ask, keep_rows=ask.keep_rows or None)
    with ExitStack() as opened:
        sessions = [opened.enter_context(Session(model)) for model in models]
        experiments = [ask.experiment(session) for session in sessions]
        if ask.n_repeats == AUTO:
            ask = replace(ask, n_repeats=max(experiment.repeats(ask.seed)[0] for experiment in experiments))
        return tuple(map(ask.on_all_rows, experiments))


@dataclass(frozen=True)
class Weighing(Generic[Kind]):
    """The arguments of `weigh`, checked, and the kind of its result."""

    kind: type[Kind]

    table: Table
    metrics: list[Any]
    greater_is_better: bool | None
    features: Iterable[str] | None
    grouping: Grouping
    within: Any
    by: Any
    n_repeats: int | str
    sample_weight: Any
    seed: int
    missing: str
    resources: Resources
    max_seconds: float | None
    # None: where the first metric has a value per row
    keep_rows: bool | None
    progress: bool | None
    given: Any = None
    # from which rows are drawn; there is no table then
    large: Large | None = None

    def experiment(
        self, session: Session, data: Encoded | None = None, deadline: float | None = None
    ) -> Experiment:
        """Encode the table, resolve the metrics, choose the features, read strata, segments and weights."""
        model = session.model
        if data is None:
            table = self.table
            data = model.encode(table.X, table.y, self.missing, arguments.needs_target(self.metrics))
            data = replace(
                data,
                what=table.what or data.what,
                notes=(*table.notes, *data.notes),
                features=renamed(data.features, table.feature_names),
            )
        context = model.metric_context(data)
        metrics = resolve_metrics(self.metrics, self.greater_is_better, context)
        data = replace(data, notes=(*data.notes, *context.notes([metric.name for metric in metrics])))
        groups = self.grouping.of(self.table.X, data.features, self.features)
        chosen = select(data.features, self.features, groups)
        for metric in metrics:
            if metric.against == "target" and data.target is None:
                raise InputError(
                    f"The metric {metric.name!r} needs a target, and {data.what} have none: pass y=."
                )
        if self.keep_rows and not metrics[0].by_rows:
            raise InputError(
                f"keep_rows needs a first metric with a value per row; {metrics[0].name!r} has none."
            )
        values = row_values(
            self.table.X, data, within=self.within, by=self.by, sample_weight=self.sample_weight
        )
        found = getattr(context.meaning, "found", None)
        experiment = Experiment(
            session,
            data,
            chosen,
            metrics,
            values,
            self.resources,
            deadline,
            self.progress,
            outputs=found if found is not None and found.guess else None,
        )
        experiment.check_weights()
        return experiment

    def fully(self, session: Session) -> Kind:
        """Encode the table, and weigh on all its rows."""
        deadline = None if self.max_seconds is None else time.monotonic() + self.max_seconds
        return self.on_all_rows(self.experiment(session, deadline=deadline))

    def on_all_rows(self, experiment: Experiment) -> Kind:
        """Weigh on the rows of an experiment, freely, given other columns, or one after the other."""
        asked = asked_for(self.given)
        result: Kind | None = None
        for number, given in enumerate(asked):
            plan: GivenPlan | None = None
            notes: tuple[str, ...] = ()
            if given is not None:
                check_given(experiment.metrics, experiment.values.weights is not None)
                parts = experiment.model, experiment.data, self.table.X, experiment.features
                plan, notes = plan_given(given, *parts, self.seed)
            if result is not None and plan is None:
                result = replace(result, notes=(*result.notes, *notes))
                continue
            now = time.monotonic()
            deadline = experiment.deadline and now + (experiment.deadline - now) / (len(asked) - number)
            try:
                part = self._on_all_rows(replace(experiment, given=plan, deadline=deadline), notes)
            except KeyboardInterrupt as interruption:
                if result is None:
                    raise
                if isinstance(interruption, Interrupted):
                    result = beside(result, interruption.result)
                raise Interrupted(replace(result, complete=False), len(experiment.features)) from None
            result = part if result is None else beside(result, part)
        assert result is not None
        return result

    def _on_all_rows(self, experiment: Experiment, given_notes: Sequence[str]) -> Kind:
        experiment = experiment.paced(PILOT_REPEATS if self.n_repeats == AUTO else int(self.n_repeats))
        notes = [*experiment.data.notes, *given_notes]
        if experiment.given and len(experiment.values.strata or ()) > STRATA:
            notes.append(
                f"Intervals of importance given other columns take more than {STRATA} strata as one: they are too wide."
            )
        with _time_allowed(self.max_seconds):
            (scores, metrics), block_rows = self._shuffled(experiment, notes)
        n_rows = experiment.data.rows.n_rows
        if scores.n_rows < n_rows:
            among = experiment.data.what.removesuffix(", drawn at random") or f"{n_rows:,} rows"
            what = f"{scores.n_rows:,} of {among}, drawn at random"
            experiment = replace(experiment, data=replace(experiment.data, what=what))
        late = experiment.late and not scores.complete
        why = "Stopped because time ran out," if late else ""
        return self._result(experiment, metrics, scores, notes, block_rows, why)

    def _shuffled(self, experiment: Experiment, notes: list[str]) -> tuple[Measured, int]:
        """Answers to what is asked, and the rows of their blocks; what there is to say goes into `notes`."""
        keep = experiment.metrics[0].by_rows if self.keep_rows is None else self.keep_rows
        pilot, n_repeats, looked = experiment.donors(PILOT_REPEATS, self.seed), self.n_repeats, None
        experiment = replace(experiment, spread=spreading.BY_DEFAULT and not keep)
        spread = experiment.spread_over_values(
            pilot if n_repeats == AUTO else experiment.donors(int(n_repeats), self.seed)
        )
        if spread is not None and n_repeats == AUTO:
            n_repeats, spread = experiment.repeats_beside(spread)
        if n_repeats == AUTO:
            n_repeats, looked, enough = experiment.repeats(self.seed)
            if looked is not None and enough and not (keep and looked[0].complete):
                return looked, pilot.block_rows
        donors = experiment.donors(int(n_repeats), self.seed)
        if donors.n_repeats < int(n_repeats) and self.n_repeats != AUTO:
            possible = f"{donors.n_repeats} distinct shuffle{'s' * (donors.n_repeats > 1)}"
            notes.append(f"{_smallest(experiment)} rows allow {possible}; {n_repeats} were asked for.")
        try:
            answered = experiment.ask(donors, spread=spread, keep=keep)
        except TimeUp:
            if looked is None or keep:
                raise
            answered = None
        if looked is None or keep or not experiment.late:
            assert answered is not None
            return answered, donors.block_rows
        if answered is not None and _size(answered) >= _size(looked):
            return answered, donors.block_rows
        notes.append(f'There was no time for the {donors.n_repeats} shuffles of n_repeats="auto".')
        return (replace(looked[0], complete=False), looked[1]), pilot.block_rows

    def precisely(self, session: Session, precision: float) -> Kind:
        """Weigh on as many rows as it takes."""
        if self.within is not None or self.by is not None or self.keep_rows or self.given is not None:
            raise InputError(
                "precision draws rows at random, so it cannot be combined with within, by, given or keep_rows."
            )
        deadline = None if self.max_seconds is None else time.monotonic() + self.max_seconds
        encoded = None
        # the rows a learner brings along
        if self.table.X is None and self.large is None:
            encoded = session.model.encode(None, None, self.missing, arguments.needs_target(self.metrics))
        if self.large is not None:
            n_rows = self.large.source.n_rows
        else:
            n_rows = n_rows_of(self.table.X) if encoded is None else encoded.rows.n_rows
        if is_small(n_rows):
            check_metrics(self.experiment(session, encoded).metrics)
            return _with_precision_note(precision, self.fully(session))
        last: list[Experiment] = []
        resources = replace(self.resources, not_at_once="precision draws rows at random: leave it out")

        def encode(rows: NDArray[np.int64], ahead: NDArray[np.int64]) -> Experiment:
            if encoded is None:
                weights = self.sample_weight
                if self.large is not None:
                    table, beside = self.large.table(rows, ahead, sample_weight=weights)
                    weights = beside["sample_weight"]
                else:
                    table = replace(self.table, X=rows_of(self.table.X, rows), y=rows_of(self.table.y, rows))
                    weights = (
                        weights if weights is None or isinstance(weights, str) else rows_of(weights, rows)
                    )
                first_rows = replace(self, resources=resources, table=table, sample_weight=weights)
                experiment = first_rows.experiment(session, deadline=deadline)
            else:
                target = None if encoded.target is None else encoded.target[rows]
                experiment = replace(self, resources=resources).experiment(
                    session, replace(encoded, rows=encoded.rows.take(rows), target=target), deadline
                )
            last[:] = [experiment.like(last[0]) if last else experiment.paced(1)]
            return last[0]

        with _time_allowed(self.max_seconds):
            scores, notes, n_drawn = weigh_precisely(encode, n_rows, precision, self.seed)
        what = f"{scores.n_rows:,} rows" if scores.n_rows < n_drawn else f"{n_drawn:,} of {n_rows:,} rows"
        if n_drawn < n_rows:
            what += ", drawn at random"
            if not session.model.row_by_row:
                notes.append(
                    "Whether predictions depend on which rows are predicted together was checked only on "
                    "the rows drawn."
                )
        experiment = replace(last[0], data=replace(last[0].data, what=what))
        return self._result(
            experiment, experiment.metrics, scores, notes, experiment.block_rows, n_rows=scores.n_rows
        )

    def _result(
        self,
        experiment: Experiment,
        metrics: tuple[Metric, ...],
        scores: Scores,
        notes: list[str],
        block_rows: int,
        late: str = "",
        n_rows: int | None = None,
    ) -> Kind:
        notes += [self.grouping.note] if self.grouping.note else []
        notes += remarks(scores, n_rows or experiment.data.rows.n_rows, late or "Interrupted")
        missed = [metric.name for metric in experiment.metrics if metric not in metrics]
        if missed:
            notes.append(f"There was no time for {', '.join(missed)}.")
        finished = scores.n_features == len(experiment.features)
        stopped = late or n_rows is not None
        if stopped:
            scores = replace(scores, complete=finished)
        rows_sum = sum_of_rows(experiment.data.target, self.table.X if scores.kept is not None else None)
        result = result_of(
            experiment, metrics, scores, self.seed, block_rows, notes, rows_sum, kind=self.kind
        )
        if not scores.complete and not stopped:
            raise Interrupted(result, len(experiment.features))
        return result


@contextmanager
def _time_allowed(max_seconds: float | None) -> Iterator[None]:
    """Say in words that the time ran out before there was anything to tell."""
    try:
        yield
    except TimeUp:
        raise InputError(
            f"max_seconds={max_seconds:g} ran out before anything was finished; allow more time."
        ) from None


def _with_precision_note(precision: float, result: Kind) -> Kind:
    """The same with a note on whether its standard errors are what was asked for."""
    each = [result.of(metric) for metric in result.metrics]
    reached = precision_note(precision, [part.se for part in each], [part.importances_mean for part in each])
    shuffles = f"all rows shuffled {result.n_repeats} time{'s' * (result.n_repeats > 1)}"
    return replace(result, notes=(*result.notes, f"{reached}; {shuffles}."))


def _smallest(experiment: Experiment) -> str:
    strata = experiment.values.strata
    return f"{experiment.data.rows.n_rows}" if strata is None else f"Strata of {min(map(len, strata))}"


def _size(answered: Measured) -> tuple[int, int]:
    """Features, then rows."""
    return answered[0].n_features, answered[0].n_rows
