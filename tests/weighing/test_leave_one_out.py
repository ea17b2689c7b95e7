"""Leave-one-out without training again, and what other columns carry of an importance: against closed forms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import weighin
from weighin import InputError

# each fits what columns tell of each other
pytestmark = pytest.mark.slow

OWN = 1 - 0.9**2


def table(n: int = 4000, beta: float = 3.0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(1)
    w = rng.normal(size=n)
    X = pd.DataFrame({"x": 0.9 * w + np.sqrt(OWN) * rng.normal(size=n), "w": w})
    return X, beta * X["x"].to_numpy() + w + rng.normal(size=n)


def model(b: float):
    return lambda X: b * X["x"].to_numpy() + X["w"].to_numpy()


def weigh(b: float = 3.0, beta: float = 3.0, **options):
    X, y = table(beta=beta)
    asked = {"metric": "mse", "given": [None, "rest"], "keep_rows": True, "outputs": "number"} | options
    return weighin.weigh(model(b), X, y, random_state=0, progress=False, **asked)


@pytest.mark.parametrize(("b", "beta"), [(3.0, 3.0), (1.5, 3.0), (2.0, 0.0)])
def test_the_closed_form(b, beta):
    left_out = weigh(b, beta).of(given="rest").leave_one_out("x")
    truth = (2 * b * beta - b**2) * OWN
    assert left_out.ci_lower < truth < left_out.ci_upper
    assert left_out.increase == pytest.approx(truth, rel=0.1)
    assert left_out.ci_upper - left_out.ci_lower < abs(truth)


def test_a_model_trained_again_without_the_feature_is_no_better():
    X, y = table()
    left_out = weigh().of(given="rest").leave_one_out("x")
    w = X["w"].to_numpy()
    again = np.mean((y - np.polyval(np.polyfit(w, y, 1), w)) ** 2) - np.mean((y - model(3.0)(X)) ** 2)
    assert left_out.ci_lower < again < left_out.ci_upper


@pytest.mark.parametrize(
    ("metric", "of"), [("rmse", np.sqrt), ("r2", None), ("neg_mean_squared_error", None)]
)
def test_functions_of_the_mean_squared_error(metric, of):
    X, y = table()
    before = np.mean((y - model(3.0)(X)) ** 2)
    after = before + 9 * OWN
    truth = {"rmse": np.sqrt(after) - np.sqrt(before), "r2": (after - before) / y.var()}.get(
        metric, after - before
    )
    left_out = weigh(metric=metric).of(given="rest").leave_one_out("x")
    assert left_out.increase == pytest.approx(truth, rel=0.1)
    assert left_out.ci_lower < truth < left_out.ci_upper


def test_what_others_carry_is_the_difference_and_errs_less_than_both_apart():
    both = weigh()
    free, given = both.of(given=""), both.of(given="rest")
    carried = both.carried_by_others("x")
    assert carried.difference == pytest.approx(free["x"].importance - given["x"].importance, rel=1e-6)
    assert carried.ci_lower < 2 * 9 * (1 - OWN) < carried.ci_upper
    assert "x shuffled freely" in str(carried)
    weights = np.random.default_rng(2).uniform(0.5, 2, len(table()[1]))
    assert weigh(sample_weight=weights).carried_by_others("x").ci_lower > 0


def test_each_says_itself_in_a_sentence():
    both = weigh()
    assert str(both.of(given="rest").leave_one_out("x")).startswith(
        "Knowing the other columns but not x, this model's mse is worse by 1.62"
    )
    useless = weigh(2.0, 0.0).of(given="rest").leave_one_out("x")
    assert "better by" in str(useless)


def test_what_it_needs_is_said():
    both = weigh(metric=["mse", "mae"])
    with pytest.raises(InputError, match=r'of\(given="rest"\) has it'):
        both.leave_one_out("x")
    with pytest.raises(InputError, match=r"\(mse, rmse, r2\); got 'mae'"):
        both.of("mae", given="rest").leave_one_out("x")
    with pytest.raises(InputError, match="Did you mean 'x'"):
        both.of(given="rest").leave_one_out("xx")
    free = weigh(given=None)
    with pytest.raises(InputError, match=r'weigh\(\.\.\., given="rest"\)'):
        free.leave_one_out("x")
    with pytest.raises(InputError, match=r'given=\[None, "rest"\]'):
        free.carried_by_others("x")
    with pytest.raises(InputError, match="keep_rows=True"):
        weigh(keep_rows=False).carried_by_others("x")


def test_a_feature_that_cannot_be_separated_has_neither():
    X, y = table(600)
    X["copy"] = 2 * X["x"]
    both = weighin.weigh(
        model(3.0), X, y, metric="mse", given=[None, "rest"], keep_rows=True, outputs="number", progress=False
    )
    assert np.isnan(both.of(given="rest").leave_one_out("x").increase)
    assert np.isnan(both.carried_by_others("x").difference)
