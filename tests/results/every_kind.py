"""A result of every kind, with features of plain and of hostile names."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd

import weighin

PLAIN = ("spread", "elo", "team", "week")
HOSTILE = ('<b>"x"&amp;</b>', "a_b|c`*d*", "line\nbreak \x1b[31m", r"$x^{2$ 100% ~\{#}")


def rows(names):
    """Two numbers that go together, names, and whole numbers."""
    rng = np.random.default_rng(0)
    first = rng.normal(size=240)
    columns = (
        first,
        first + 0.3 * rng.normal(size=240),
        rng.choice(["<i>a</i>", "b"], 240),
        rng.integers(1, 9, 240),
    )
    return pd.DataFrame(dict(zip(names, columns, strict=True)))


@functools.cache
def effects(names):
    first, _, third, fourth = names

    def model(table):
        return 3 * table[first].to_numpy() + (table[third] == "b").to_numpy() * table[fourth].to_numpy()

    return weighin.effects(model, rows(names), random_state=0, n_curves=6, progress=False)


@functools.cache
def associations(names):
    return weighin.associations(rows(names), random_state=0)


@functools.cache
def importance(names):
    table = rows(names)
    first, second, *_ = names

    def model(table):
        return 3 * table[first].to_numpy() - table[second].to_numpy()

    y = model(table) + np.random.default_rng(1).normal(size=len(table))
    return weighin.weigh(model, table, y, metric=["mae", "rmse"], n_repeats=5, random_state=0, progress=False)


@functools.cache
def shares(names):
    table = rows(names)
    first, second, *_ = names

    def model(table):
        return 3 * table[first].to_numpy() - table[second].to_numpy()

    y = model(table) + np.random.default_rng(1).normal(size=len(table))
    return weighin.shares(model, table, y, metric="mae", n_repeats=8, random_state=0, progress=False)


@functools.cache
def comparison(names):
    both = importance(names)
    first, second, *_ = names
    table = rows(names)
    y = 3 * table[first].to_numpy()
    other = weighin.weigh(
        lambda table: 2 * table[first].to_numpy() - table[second].to_numpy(),
        table, y, metric="mae", n_repeats=5, random_state=1, progress=False,
    )  # fmt: skip
    return weighin.compare(both, other, labels=("old", "new"))


@functools.cache
def refits(names):
    table = rows(names).assign(target=lambda table: 3 * table[names[0]] + np.sin(np.arange(len(table))))

    def train(frame, features, seed):
        slope = 3 + 0.1 * np.random.default_rng(seed).normal()
        return lambda frame: slope * frame[features[0]].to_numpy()

    recipe = weighin.Recipe.from_function(train, features=names, target="target")
    return weighin.weigh_refits(recipe, table, fits=3, metric="mae", random_state=0, progress=False)


@functools.cache
def ablation(names):
    table = rows(names).assign(target=lambda table: 3 * table[names[0]] + np.sin(np.arange(len(table))))

    def train(frame, features, seed):
        slope = 3 * (names[0] in features) + 0.1 * np.random.default_rng(seed).normal()
        return lambda frame: slope * frame[names[0]].to_numpy() if names[0] in frame else np.zeros(len(frame))

    recipe = weighin.Recipe.from_function(train, features=names, target="target")
    return weighin.ablate(recipe, table, drop="each", fits=3, metric="mae", random_state=0, progress=False)


# by the name of its class: makes a result with four features of these names, or variants without each of them
MAKERS = {
    "Ablation": ablation,
    "Importance": importance,
    "Comparison": comparison,
    "Refits": refits,
    "Effects": effects,
    "Associations": associations,
    "Shares": shares,
}


def shown(name):
    """A name with what would move a cursor written out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
