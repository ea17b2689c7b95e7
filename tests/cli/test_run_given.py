"""``weighin run`` shows importance given the other columns where features are correlated enough to matter."""

from __future__ import annotations

import joblib
import numpy as np
import pandas as pd
import pytest
from running import result
from sklearn.linear_model import LinearRegression

pytestmark = pytest.mark.slow


def saved(folder, closeness: float) -> None:
    """Write a table of columns of which `a` and `b` go together, and a model that reads them."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(400, 3)), columns=["a", "b", "c"])
    frame["b"] = closeness * frame["a"] + np.sqrt(1 - closeness**2) * frame["b"]
    frame["y"] = frame["a"] + frame["b"] + frame["c"] + rng.normal(size=400)
    joblib.dump(LinearRegression().fit(frame[["a", "b", "c"]], frame["y"]), folder / "model.joblib")
    frame.to_csv(folder / "rows.csv", index=False)


def test_both_where_features_go_together(cli, tmp_path):
    saved(tmp_path, 0.9)
    ran = cli("run", "model.joblib", "rows.csv", "--target", "y", "--trust")
    assert ran.code == 0, ran.err
    found = result(tmp_path)
    assert found.givens == ("", "rest")
    assert found.of(given="rest")["a"].importance < 0.5 * found["a"].importance
    assert found.of(given="rest")["c"].importance == pytest.approx(found["c"].importance, rel=0.3)
    assert found.of(given="rest").rows == found.rows
    assert "given the rest" in ran.out
    page = (tmp_path / "importance.html").read_text(encoding="utf-8")
    assert "what is left given the others" in page


def test_no_more_than_asked_where_none_does(cli, tmp_path):
    saved(tmp_path, 0.0)
    ran = cli("run", "model.joblib", "rows.csv", "--target", "y", "--trust")
    assert ran.code == 0, ran.err
    assert result(tmp_path).givens == ("",)
    assert "given the rest" not in ran.out


def test_what_cannot_be_weighed_so_is_said(cli, tmp_path):
    """A score of all rows has no importance given others: the run is whole without it."""
    saved(tmp_path, 0.9)
    ran = cli(
        "run",
        "model.joblib",
        "rows.csv",
        "--target",
        "y",
        "--trust",
        "--metric",
        "mae",
        "--metric",
        "median_absolute_error",
    )
    assert ran.code == 0, ran.err
    assert result(tmp_path).givens == ("",)
    assert "no importance given the other columns: given needs metrics" in ran.err
