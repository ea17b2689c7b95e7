"""Groups of columns that go together, found where none were named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from weighin._associations.associations import auto_groups
from weighin._base.errors import InputError
from weighin._results.clusters import group_names
from weighin._tables.features import Feature

AUTO = "auto"


class Grouping:
    """The groups to weigh: those the user named, or clusters of columns, looked for once.

    `groups`: as `weigh` takes them.
    `seed`: of the rows looked at.
    `note`: what was found, for the reader; empty where groups were named.
    """

    def __init__(self, groups: Any, seed: int) -> None:
        if isinstance(groups, str) and groups != AUTO:
            raise InputError(f'groups must map names to lists of features, or be "auto", got {groups!r}.')
        self.groups, self.seed, self.note = groups, seed, ""

    def of(
        self, X: Any, available: Sequence[Feature], features: Iterable[str] | None
    ) -> Mapping[str, Iterable[str]] | None:
        """Give the groups of a table's columns.

        Raises InputError if there is no table to look for them in.
        """
        if self.groups != AUTO or not isinstance(self.groups, str):
            return self.groups
        if X is None:
            raise InputError('groups="auto" looks for columns of the table that go together: pass X.')
        names = [feature.name for feature in available]
        wanted = list(features) if isinstance(features, Iterable) else names
        clusters = [
            [name for name in members if name in wanted]
            for members in auto_groups(X, names, random_state=self.seed).values()
        ]
        self.groups = group_names([members for members in clusters if len(members) > 1], names)
        listed = "; ".join(" + ".join(members) for members in self.groups.values())
        self.note = (
            f"Weighed together as well, since they carry much the same information: {listed}."
            if self.groups
            else "No columns carry enough of the same information to be weighed together."
        )
        return self.groups
