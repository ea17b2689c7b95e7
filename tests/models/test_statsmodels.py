"""Results of statsmodels: their formula or matrix, their family, their target."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, mean_poisson_deviance

from weighin import InputError, weigh

sm = pytest.importorskip("statsmodels.api")
formulas = pytest.importorskip("statsmodels.formula.api")

N = 120
rng = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {"elo": rng.normal(size=N), "rest days": rng.normal(size=N), "league": rng.choice(["acc", "mac"], N)}
)
FRAME["margin"] = FRAME.elo + rng.normal(size=N)
FRAME["won"] = (FRAME.margin > 0).astype(int)
FRAME["touchdowns"] = rng.poisson(np.exp(FRAME.elo / 2))


@pytest.mark.parametrize(
    ("fit", "metric", "loss"),
    [
        (lambda: formulas.ols("margin ~ elo", FRAME).fit(), "mae", lambda t, p: abs(t - p).mean()),
        (lambda: formulas.logit("won ~ elo", FRAME).fit(disp=0), "log_loss", log_loss),
        (
            lambda: formulas.poisson("touchdowns ~ elo", FRAME).fit(disp=0),
            "mean_poisson_deviance",
            mean_poisson_deviance,
        ),
        (lambda: formulas.glm("won ~ elo", FRAME, family=sm.families.Binomial()).fit(), "log_loss", log_loss),
        (
            lambda: formulas.quantreg("margin ~ elo", FRAME).fit(q=0.9),
            "pinball_loss",
            lambda t, p: np.maximum(0.9 * (t - p), -0.1 * (t - p)).mean(),
        ),
    ],
)
def test_the_kind_of_the_model_chooses_the_metric_and_the_formula_the_target(
    fit: Any, metric: str, loss: Any
) -> None:
    results = fit()
    imp = weigh(results, FRAME, n_repeats=2, random_state=0)
    assert imp.metric == metric
    assert imp.features == ("elo",)
    expected = loss(FRAME[results.model.endog_names], results.predict(FRAME))
    assert imp.baseline == pytest.approx(expected)


def test_columns_of_a_formula_are_found_inside_its_terms() -> None:
    results = formulas.ols("margin ~ np.exp(elo) * C(league) + Q('rest days')", FRAME).fit()
    imp = weigh(results, FRAME, n_repeats=2, random_state=0)
    assert imp.features == ("elo", "rest days", "league")


def test_a_matrix_has_the_names_it_was_fitted_with() -> None:
    X = sm.add_constant(FRAME[["elo", "rest days"]])
    results = sm.OLS(FRAME.margin, X).fit()
    imp = weigh(results, X, FRAME.margin, n_repeats=2, random_state=0)
    assert imp.features == ("const", "elo", "rest days")
    assert imp["const"].importance == 0
    plain = weigh(
        sm.OLS(FRAME.margin.to_numpy(), X.to_numpy()).fit(),
        X.to_numpy(),
        FRAME.margin,
        n_repeats=2,
        random_state=0,
    )
    np.testing.assert_allclose(plain.importances, imp.importances)
    with pytest.raises(InputError, match="'const' is missing"):
        weigh(results, FRAME, FRAME.margin)
