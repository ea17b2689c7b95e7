"""Which given columns explain a unit, each alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from weighin._samplers.conditional.basis import Design
from weighin._samplers.conditional.columns import RawColumn, Unit
from weighin._samplers.conditional.members import Member
from weighin._samplers.conditional.problem import Task
from weighin._samplers.conditional.ridge import Values, positive_inverse

# columns named, and the share each has to explain
MOST_NAMED = 4
LEAST_EXPLAINED = 0.05
PENALTY, SMALL_PENALTY = 1.0, 0.01
# share that columns may leave of what they are said to explain all of
NOTHING_LEFT = 0.001


class Companions:
    """Shares explained by single columns of a design; `matrix` holds its rows."""

    def __init__(self, columns: Sequence[RawColumn], design: Design, matrix: Values) -> None:
        self._names = [column.name for column in columns]
        self._design, self._matrix = design, matrix
        self._inverses: dict[int, Values] = {}

    def of(
        self, unit: Unit, members: Sequence[Member], place: Mapping[str, int]
    ) -> tuple[tuple[str, float], ...]:
        """Name the given columns that explain most, and the share that each explains alone; largest first."""
        given = [place[name] for name in unit.given if name not in unit.members]
        shares = np.zeros(len(given))
        tasks = [member.tasks[0] for member in members if member.tasks]
        for task in tasks:
            targets = task.targets - task.targets.mean(0)
            rows = self._matrix if len(targets) == len(self._matrix) else self._matrix[task.problem.within]
            cross = rows.T @ targets
            total = float((targets**2).sum())
            for number, column in enumerate(given):
                own = cross[self._design.places[column]]
                explained = float((own * (self._inverse(column) @ own)).sum()) / total if total else 0.0
                free = len(targets) - 1 - len(own)
                # less what as many columns of noise would explain
                shares[number] += max(0.0, 1 - (1 - explained) * (len(targets) - 1) / max(1, free)) / len(
                    tasks
                )
        order = np.argsort(-shares, kind="stable")[:MOST_NAMED]
        named = [(self._names[given[i]], float(shares[i])) for i in order if shares[i] >= LEAST_EXPLAINED]
        return tuple(named)

    def needed(self, unit: Unit, members: Sequence[Member], place: Mapping[str, int]) -> tuple[str, ...]:
        """Name the few given columns that together explain all of a unit: the best, then the best beside it."""
        given = [place[name] for name in unit.given if name not in unit.members]
        tasks = [member.tasks[0] for member in members if member.tasks]
        chosen: list[int] = []
        left = np.inf
        while given and len(chosen) < MOST_NAMED and left > NOTHING_LEFT:
            lefts = [
                sum(self._left(task, [*chosen, column]) for task in tasks) / len(tasks) for column in given
            ]
            left = min(lefts)
            chosen.append(given.pop(int(np.argmin(lefts))))
        return tuple(self._names[column] for column in chosen)

    def _left(self, task: Task, columns: Sequence[int]) -> float:
        """Share of the variance that some columns together leave."""
        targets = task.targets - task.targets.mean(0)
        rows = self._matrix[task.problem.within][:, self._design.of_columns(columns)]
        rows = rows - rows.mean(0)
        inverse = positive_inverse(rows.T @ rows + SMALL_PENALTY * np.eye(rows.shape[1]))
        return float(((targets - rows @ (inverse @ (rows.T @ targets))) ** 2).sum() / (targets**2).sum())

    def _inverse(self, column: int) -> Values:
        if column not in self._inverses:
            own = self._matrix[:, self._design.places[column]]
            self._inverses[column] = positive_inverse(own.T @ own + PENALTY * np.eye(own.shape[1]))
        return self._inverses[column]
