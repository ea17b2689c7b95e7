"""``weighin ablate`` of estimators: the numbers that Python gives."""

from __future__ import annotations

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LinearRegression

import weighin

pytestmark = pytest.mark.slow

COLUMNS = ["age", "dose", "week"]


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(80, 3)).round(3), columns=COLUMNS)
    frame["days"] = (frame["age"] - frame["dose"] + rng.normal(size=80)).round(3)
    frame.to_csv(tmp_path / "patients.csv", index=False)
    return frame


@pytest.fixture
def model(tmp_path, table):
    fitted = LinearRegression().fit(table[COLUMNS], table["days"])
    joblib.dump(fitted, tmp_path / "model.joblib")
    return fitted


def test_it_fits_clones(cli, tmp_path, table, model):
    call = [
        "ablate",
        "model.joblib",
        "patients.csv",
        "--trust",
        "--fits",
        "3",
        "--force",
        "--drop",
        "each",
    ]
    ran = cli(*call, "-t", "days", "--add", "less=age - dose")
    assert ran.code == 0, ran.err
    found = weighin.Ablation.load("ablation.json")
    recipe = weighin.Recipe.from_estimator(model, target="days")
    expected = weighin.ablate(recipe, table, drop="each", add={"less": "age - dose"}, fits=3, random_state=0)
    assert [change.label for change in found.changes] == [*COLUMNS, "less"]
    np.testing.assert_allclose(found.to_frame()["change"], expected.to_frame()["change"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--target is needed"),
        (["-t", "dais"], "--target: the table has no column 'dais'. Did you mean 'days'?"),
        (
            ["-t", "days", "--epochs", "2"],
            "--epochs is for learners of fastai; this is a LinearRegression",
        ),
        (["-t", "days", "--one-cycle"], "--one-cycle is for learners"),
        (["-t", "days", "--columns", "age,days"], "--columns names the target"),
    ],
)
def test_what_is_wrong_is_said(cli, table, model, options, message):
    ran = cli("ablate", "model.joblib", "patients.csv", "--trust", "--drop", "each", *options)
    assert message in ran.err


def test_a_matrix_needs_names_and_a_network_a_recipe(cli, tmp_path, table):
    joblib.dump(LinearRegression().fit(table[COLUMNS].to_numpy(), table["days"]), tmp_path / "model.joblib")
    call = [
        "ablate",
        "model.joblib",
        "patients.csv",
        "--trust",
        "-t",
        "days",
        "--drop",
        "week",
        "--fits",
        "2",
    ]
    assert "--columns is needed" in cli(*call).err
    assert cli(*call, "--columns", "age,dose,week").code == 0
    torch.save(torch.nn.Linear(3, 1), tmp_path / "net.pt")
    assert (
        "Recipe.from_function"
        in cli("ablate", "net.pt", "patients.csv", "--trust", "-t", "days", "--drop", "week", "--force").err
    )
