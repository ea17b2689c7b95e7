"""Comparisons that many tests look at."""

from __future__ import annotations

import dataclasses

import pytest
from compared import new, old, weigh

from weighin import Comparison, Importance, compare


@pytest.fixture(scope="module")
def both() -> tuple[Importance, Importance]:
    return weigh([old, new])


@pytest.fixture(scope="module")
def paired(both) -> Comparison:
    return compare(*both, labels=("old", "new"))


@pytest.fixture(scope="module")
def apart() -> Comparison:
    """Of two seasons, each with a feature of its own."""
    first, second = weigh(old, 0), weigh(new, 1)
    second = dataclasses.replace(second, features=("spread", "elo", "week", "talent"), kernels={})
    return compare(first, second, labels=("2020", "2021"))
