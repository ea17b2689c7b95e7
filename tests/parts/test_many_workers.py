"""Ten thousand workers, some of which answer twice, late or never: the same result, or what is missing by name."""

from __future__ import annotations

import dataclasses
import functools
import operator

import numpy as np
import pytest
from in_parts import model, plan_of, table

import weighin

N_WORKERS, N_DISTINCT, ROWS = 10_000, 50, 60
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def parts() -> list[weighin.Part]:
    """A part of each worker: fifty kinds of rows, each with a number of its own."""
    frame = table(N_DISTINCT * ROWS)
    plan = plan_of(frame, features=["a", "b"], metric="mse")
    distinct = [
        weighin.weigh_part(model, frame.iloc[k * ROWS : (k + 1) * ROWS], plan, k) for k in range(N_DISTINCT)
    ]
    return [dataclasses.replace(distinct[k % N_DISTINCT], numbers=(k,)) for k in range(N_WORKERS)]


@pytest.mark.parametrize("seed", [0, 1])
def test_a_bad_day_gives_the_numbers_of_a_good_one(parts, seed):
    rng = np.random.default_rng(seed)
    good = weighin.join_parts(parts, N_WORKERS)
    assert good.n_rows == N_WORKERS * ROWS
    lost = set(rng.choice(N_WORKERS, 150, replace=False).tolist())
    again = rng.choice(sorted(set(range(N_WORKERS)) - lost), 400)
    arrived = [parts[k] for k in rng.permutation(N_WORKERS) if k not in lost] + [parts[k] for k in again]
    with pytest.raises(weighin.InputError, match=f"150 parts are missing: {min(lost)}"):
        weighin.join_parts(arrived, N_WORKERS)
    # stragglers and those that were started again come last, in any order
    arrived += [parts[k] for k in rng.permutation(sorted(lost))]
    bad = weighin.join_parts((arrived[k] for k in rng.permutation(len(arrived))), N_WORKERS)
    np.testing.assert_array_equal(bad.importances, good.importances)
    np.testing.assert_array_equal(bad.se, good.se)
    assert bad.n_rows == good.n_rows
    assert bad.notes == ("400 parts came twice, and counted once.",)


def test_sums_of_sums_are_the_sum(parts):
    whole = weighin.join_parts(parts, N_WORKERS)
    of_hundreds = [functools.reduce(operator.add, parts[k : k + 100]) for k in range(0, N_WORKERS, 100)]
    added = weighin.join_parts(of_hundreds, N_WORKERS)
    np.testing.assert_allclose(added.importances, whole.importances, 1e-11)
    np.testing.assert_allclose(added.se, whole.se, 1e-9)
    # copies of the same fifty parts: their mean
    fifty = weighin.join_parts(parts[:N_DISTINCT])
    np.testing.assert_allclose(whole.importances_mean, fifty.importances_mean, 1e-11)
    np.testing.assert_allclose(whole.se, fifty.se * (N_DISTINCT / N_WORKERS) ** 0.5, 2e-3)


def test_a_worker_with_other_rows_under_a_known_number_is_found(parts):
    wrong = dataclasses.replace(parts[17], numbers=(4,))
    with pytest.raises(weighin.InputError, match="Part 4 came twice with different numbers"):
        weighin.join_parts([*parts[:100], wrong])
