"""A random order in two steps: uniform, and the same whoever follows it bucket by bucket."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from weighin._samplers import RandomOrder
from weighin._samplers import order as order_module


def by_buckets(order, step):
    """Rows as who reads a file finds them: into buckets piece by piece, then each bucket ordered."""
    buckets = np.concatenate(
        [order.buckets(at, min(at + step, order.n_rows)) for at in range(0, order.n_rows, step)]
    )
    inside = [np.flatnonzero(buckets == bucket) for bucket in range(order.n_buckets)]
    return np.concatenate([rows[order.within(bucket, len(rows))] for bucket, rows in enumerate(inside)])


@pytest.mark.parametrize("n_rows", [1, 2, 65_536, 200_001])
def test_up_to_two_million_rows_it_is_numpys(n_rows):
    order = RandomOrder(n_rows, np.random.SeedSequence(7))
    expected = np.random.default_rng(np.random.SeedSequence(7)).permutation(n_rows)
    assert (order.rows() == expected).all()
    assert (by_buckets(order, 7_001) == expected).all()


@pytest.mark.slow
def test_more_rows_are_ordered_bucket_by_bucket_whatever_the_pieces():
    order = RandomOrder(2**21 + 70_001, np.random.SeedSequence(7))
    rows = order.rows()
    assert (np.sort(rows) == np.arange(order.n_rows)).all()
    assert (by_buckets(order, 1_000_003) == rows).all()
    assert not (RandomOrder(order.n_rows, np.random.SeedSequence(8)).rows() == rows).mean() > 1e-3


def test_two_steps_give_every_order_equally_often(monkeypatch):
    monkeypatch.setattr(order_module, "HELD_ROWS", 0)
    monkeypatch.setattr(order_module, "BUCKET_ROWS", 2)
    monkeypatch.setattr(order_module, "PAGE_ROWS", 3)
    orders = Counter(tuple(RandomOrder(4, np.random.SeedSequence(seed)).rows()) for seed in range(2400))
    assert len(orders) == 24
    assert chisquare(list(orders.values())).pvalue > 0.01
