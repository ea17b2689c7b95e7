"""`weighin.compare` of shares: contributions of two models or two tables."""

from __future__ import annotations

import numpy as np
import pytest

import weighin
from weighin import InputError, compare

pytestmark = pytest.mark.slow


def table(seed=0, n=1500):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    return X, X @ [3.0, 1.0, 0.0] + rng.normal(size=n)


def shares(b, seed=0, **options):
    return weighin.shares(
        lambda X: np.asarray(X) @ b, *table(seed), metric="mse", outputs="number", random_state=1, progress=False,
        **options,
    )  # fmt: skip


def test_contributions_of_two_tables_differ_by_the_closed_form():
    # of independent features the contribution is 2 b beta
    change = compare(shares([3.0, 1.0, 0.0]), shares([2.0, 1.0, 0.0], seed=9), labels=("old", "new"))
    truth = np.array([2 * 2 * 3 - 2 * 3 * 3, 0.0, 0.0])
    assert (change.ci_lower[:2] <= truth[:2]).all()
    assert (truth[:2] <= change.ci_upper[:2]).all()
    np.testing.assert_allclose(change.difference, truth, atol=1.5)
    assert change.quantity == "contribution"
    assert not change.paired
    assert change["x0"].claim == "less"
    assert change.difference[2] == 0


def test_every_view_calls_them_contributions_and_the_file_keeps_it(tmp_path):
    change = compare(shares([3.0, 1.0, 0.0]), shares([2.0, 1.0, 0.0]))
    assert "contributions to mse: b minus a" in str(change)
    assert "the same rows" in " ".join(change.tell().sentences)
    assert "Contributions add up" in change.to_html()
    change.save(tmp_path / "change.json")
    assert weighin.Comparison.load(tmp_path / "change.json") == change


def test_two_kinds_are_refused():
    imp = weighin.weigh(
        lambda X: np.asarray(X) @ [3, 1, 0], *table(), metric="mse", outputs="number", progress=False
    )
    with pytest.raises(InputError, match="one kind, got Importance and Shares"):
        compare(imp, shares([3.0, 1.0, 0.0]))
