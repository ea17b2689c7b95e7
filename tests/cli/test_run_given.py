"""``weighin run --given``: what features tell beyond other columns."""

from __future__ import annotations

import joblib
import numpy as np
import pandas as pd
import pytest
from running import result
from sklearn.linear_model import LinearRegression

import weighin

pytestmark = pytest.mark.slow


def test_the_numbers_that_python_gives(cli, tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(80, 2)).round(3), columns=["age", "dose"])
    frame["days"] = (frame["age"] - frame["dose"] + rng.normal(size=80)).round(3)
    frame.to_csv(tmp_path / "patients.csv", index=False)
    X, y = frame[["age", "dose"]], frame["days"]
    model = LinearRegression().fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    asked = ["run", "model.joblib", "patients.csv", "--target", "days", "--trust", "--n-repeats", 5]
    ran = cli(*asked, "--given", "rest", "--given", "age")
    assert ran.code == 0, ran.err
    found = result(tmp_path)
    assert found.givens == ("", "rest", "age")
    expected = weighin.weigh(model, X, y, n_repeats=5, random_state=0, given="rest")
    np.testing.assert_allclose(found.of(given="rest").importances, expected.importances, rtol=1e-6, atol=1e-7)
    ran = cli(*asked, "--given", "agee", "--force")
    assert ran.code != 0
    assert "Did you mean 'age'" in ran.err
