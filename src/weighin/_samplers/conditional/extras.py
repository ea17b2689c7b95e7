"""Further columns for one target: products of two columns, and leaves of small trees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._samplers.conditional.ridge import Places, Values

MOST_PRODUCTS = 12
# columns that products and trees are looked for among; the likelier ones where there are more, and fewer for trees
MOST_SCREENED, MOST_FOR_TREES = 48, 12
# how far above chance a product has to be, in standard errors
ABOVE_CHANCE = 1.5
LEAVES = 12
LEAST_LEAF, LEAF_SHARE = 10, 60
LEAST_ROWS = 3
CONSTANT = 1e-12


@dataclass(frozen=True, eq=False)
class Products:
    """Products of two columns each: `pairs` (e, 2)."""

    pairs: Places
    curved: bool = False

    def of(self, rows: Values) -> Values:
        """One column each."""
        made: Values = rows[:, self.pairs[:, 0]] * rows[:, self.pairs[:, 1]]
        return made


@dataclass(frozen=True, eq=False)
class Leaves:
    """Leaves of trees grown on the columns `inputs`: each tree, and which of its leaves count."""

    trees: tuple[tuple[Any, Places], ...]
    inputs: Places
    curved: bool = True

    def of(self, rows: Values) -> Values:
        """Whether rows fall into each leaf."""
        mine = rows[:, self.inputs].astype(np.float32)
        hits = [tree.apply(mine)[:, None] == leaves for tree, leaves in self.trees]
        return np.column_stack(hits).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Scaled:
    """Columns made by `maker`, scaled by the rows they were found on."""

    maker: Products | Leaves
    means: Values
    sds: Values
    kept: NDArray[np.bool_]

    @classmethod
    def by(cls, maker: Products | Leaves, rows: Values) -> Scaled:
        """Scale by these rows."""
        made = maker.of(rows)
        sds = made.std(0)
        kept = sds > CONSTANT
        return cls(maker, made.mean(0)[kept], sds[kept], kept)

    def of(self, rows: Values) -> Values:
        """The columns, for rows of the problem."""
        made: Values = (self.maker.of(rows)[:, self.kept] - self.means) / self.sds
        return made


@dataclass(frozen=True, eq=False)
class Extras:
    """All further columns of a target."""

    parts: tuple[Scaled, ...] = ()

    @property
    def curved(self) -> NDArray[np.bool_] | None:
        """Which of them are penalised as curved ones; None without any."""
        if not self.parts:
            return None
        return np.concatenate([np.full(len(part.means), part.maker.curved) for part in self.parts])

    def of(self, rows: Values) -> Values | None:
        """The columns, for rows of the problem; None without any."""
        return np.column_stack([part.of(rows) for part in self.parts]) if self.parts else None

    def also(self, maker: Products | Leaves, rows: Values) -> Extras:
        """With more, scaled by these rows."""
        return Extras((*self.parts, Scaled.by(maker, rows)))


def likely(rows: Values, straight: Places, targets: Values, rest: Values, most: int) -> Places:
    """Columns, of many `straight` ones, that go with the targets or the size of what is left of them."""
    if len(straight) <= MOST_SCREENED:
        return straight
    mine = rows[:, straight]
    squares = (rest**2).sum(1)
    squares = squares / (squares.std() or 1.0)
    found = np.abs(mine.T @ (targets - targets.mean(0))).max(1) / (targets.std() or 1.0)
    found = np.maximum(found, np.abs((mine**2).T @ (squares - squares.mean())) / 2)
    return straight[np.sort(np.argsort(-found, kind="stable")[:most])]


def products_in(rows: Values, columns: Places, rest: Values) -> Products | None:
    """Pairs of columns whose product goes with what is left of the targets, beyond what chance makes of so many."""
    mine = rows[:, columns]
    first, second = np.triu_indices(len(columns), 1)
    if not len(first):
        return None
    variance = (mine**2).T @ (mine**2) / len(mine) - (mine.T @ mine / len(mine)) ** 2
    limit = np.sqrt(2 * np.log(max(2, len(first)))) + ABOVE_CHANCE
    strength = np.zeros(len(first))
    # two classes say the same
    for left in rest.T[: rest.shape[1] if rest.shape[1] != 2 else 1]:
        left = (left - left.mean()) / (left.std() or 1.0)
        shared = (mine * left[:, None]).T @ mine / np.sqrt(len(mine))
        strength = np.maximum(strength, (np.abs(shared) / np.sqrt(variance.clip(1e-3)))[first, second])
    best = np.argsort(-strength, kind="stable")[:MOST_PRODUCTS]
    best = best[strength[best] > limit]
    return Products(np.column_stack([columns[first[best]], columns[second[best]]])) if len(best) else None


def tree_of(rows: Values, targets: Values) -> Any:
    """A small tree."""
    from sklearn.tree import DecisionTreeRegressor

    least = max(LEAST_LEAF, len(rows) // LEAF_SHARE)
    tree = DecisionTreeRegressor(max_leaf_nodes=LEAVES, min_samples_leaf=least, random_state=0)
    return tree.fit(rows.astype(np.float32), targets)


def leaves_of(
    rows: Values, columns: Places, targets: Values, rest: Values, parts: Sequence[Places]
) -> Leaves | None:
    """Leaves of trees for the targets, and for what is left of them, grown on each part of the rows."""
    mine = rows[:, columns]
    every = np.concatenate(parts)
    trees = []
    for part in parts:
        if len(part) < 2 * LEAST_LEAF:
            continue
        for target in (targets, rest):
            tree = tree_of(mine[part], target[part])
            ids, counts = np.unique(tree.apply(mine[every].astype(np.float32)), return_counts=True)
            if len(ids) > 1:
                trees.append((tree, ids[counts >= LEAST_ROWS]))
    return Leaves(tuple(trees), columns) if trees else None


def honest_gain(
    rows: Values, columns: Places, targets: Values, rest: Values, halves: Sequence[Places]
) -> float:
    """Share of what is left of the targets that leaves of trees explain: grown on one half, judged on the other."""
    gains = []
    for grown, other in (halves, halves[::-1]):
        parts = (grown[::2], grown[1::2])
        leaves = leaves_of(rows, columns, targets, rest, parts)
        if leaves is None:
            return 0.0
        inside, outside = leaves.of(rows[grown]), leaves.of(rows[other])
        mean, centre = rest[grown].mean(0), inside.mean(0)
        inside, outside = inside - centre, outside - centre
        solved = np.linalg.solve(
            inside.T @ inside + LEAST_LEAF * np.eye(inside.shape[1]), inside.T @ (rest[grown] - mean)
        )
        total = ((rest[other] - mean) ** 2).sum()
        gains.append(1 - ((rest[other] - mean - outside @ solved) ** 2).sum() / total if total else 0.0)
        if gains[0] <= 0:
            break
    return float(np.mean(gains))
