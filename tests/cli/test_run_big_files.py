"""``weighin run`` on files too large to be held: a sample, as many rows as a precision takes, or all of them."""

from __future__ import annotations

import joblib
import numpy as np
import pandas as pd
import pytest
from running import result
from sklearn.linear_model import LinearRegression

import weighin
from weighin._tables import large
from weighin._weigh.stream import run as stream

pytestmark = pytest.mark.slow

N, COLUMNS = 30_000, ["age", "dose", "week"]


@pytest.fixture(autouse=True)
def _small_is_large(monkeypatch):
    monkeypatch.setattr(large, "LARGE_ROWS", 5_000)
    monkeypatch.setattr(large, "SAMPLE_ROWS", 4_000)
    monkeypatch.setattr(stream, "PART_ROWS", 8192)


@pytest.fixture
def table(tmp_path):
    """Patients in two files, and a model beside them."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(N, 3)), columns=COLUMNS)
    frame["days"] = frame["age"] - frame["dose"] + rng.normal(size=N)
    frame["weight"] = rng.integers(1, 4, N)
    frame["ward"] = np.where(rng.random(N) < 0.5, "north", "south")
    for part, rows in enumerate(np.array_split(np.arange(N), 2)):
        frame.iloc[rows].to_parquet(tmp_path / f"patients{part}.parquet", index=False, row_group_size=4_000)
    joblib.dump(LinearRegression().fit(frame[COLUMNS], frame["days"]), tmp_path / "model.joblib")
    return frame


RUN = (
    "run",
    "model.joblib",
    "patients*.parquet",
    "--target",
    "days",
    "--trust",
    "--columns",
    ",".join(COLUMNS),
)


def test_a_sample(cli, tmp_path, table):
    ran = cli(*RUN)
    assert ran.code == 0, ran.err
    imp = result(tmp_path)
    assert imp.n_rows == 4_000
    assert imp.rows.startswith("4,000 rows of a sample of 4,000 of 30,000")
    assert any("4,000 of the 30,000 rows" in note for note in imp.notes)
    assert imp["age"].importance > 0


def test_all_rows(cli, tmp_path, table):
    ran = cli(*RUN, "--rows", "all", "--sample-weight", "weight", "--n-repeats", 2)
    assert ran.code == 0, ran.err
    imp = result(tmp_path)
    fitted = joblib.load(tmp_path / "model.joblib")
    memory = weighin.weigh(
        fitted, table[COLUMNS], table["days"], sample_weight=table["weight"], n_repeats=2, random_state=0
    )
    assert imp.features == memory.features
    np.testing.assert_allclose(imp.importances, memory.importances, rtol=1e-9, atol=1e-12)
    assert imp.rows.startswith("all 30,000 rows of patients*.parquet")


def test_as_many_rows_as_a_precision_takes(cli, tmp_path, table):
    ran = cli(*RUN, "--precision", 0.05)
    assert ran.code == 0, ran.err
    fitted = joblib.load(tmp_path / "model.joblib")
    memory = weighin.weigh(fitted, table[COLUMNS], table["days"], precision=0.05, random_state=0)
    assert result(tmp_path).n_rows == memory.n_rows
    np.testing.assert_allclose(result(tmp_path).importances_mean, memory.importances_mean, rtol=1e-9)


def test_conditions_take_a_sample(cli, tmp_path, table):
    ran = cli(*RUN, "--where", "week > 0")
    assert ran.code == 0, ran.err
    assert 1_800 < result(tmp_path).n_rows < 2_200
    ran = cli(*RUN, "--where", "week > 0", "--rows", "all", "--force")
    assert ran.code == 1
    assert "Leave --rows and --precision out for a sample" in ran.err
