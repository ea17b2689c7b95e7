"""``weighin run``, ``effects`` and ``associations`` on models of every kind: the numbers that Python gives."""

from __future__ import annotations

import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from running import result
from sklearn.linear_model import LinearRegression, LogisticRegression

import weighin

pytestmark = pytest.mark.slow

COLUMNS = ["age", "dose", "week"]


@pytest.fixture
def table(tmp_path):
    """Patients: what models take, two targets, and columns that only say something about rows."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(80, 3)).round(3), columns=COLUMNS)
    frame["days"] = (frame["age"] - frame["dose"] + rng.normal(size=80)).round(3)
    frame["died"] = np.where(frame["days"] > 0, "yes", "no")
    frame["ward"] = np.where(rng.random(80) < 0.5, "north", "south")
    frame["weight"] = rng.integers(1, 4, 80)
    frame.to_csv(tmp_path / "patients.csv", index=False)
    return frame


@pytest.fixture
def model(tmp_path, table):
    """A regression that knows its columns."""
    fitted = LinearRegression().fit(table[COLUMNS], table["days"])
    joblib.dump(fitted, tmp_path / "model.joblib")
    return fitted


def same(folder, expected, name="importance.json"):
    found = result(folder, name)
    assert found.features == expected.features
    # networks reckon in single precision
    np.testing.assert_allclose(found.importances, expected.importances, rtol=1e-6, atol=1e-7)


def test_an_estimator_and_its_target(cli, tmp_path, table, model):
    ran = cli("run", "model.joblib", "patients.csv", "--target", "days", "--trust", "--n-repeats", 2)
    assert ran.code == 0, ran.err
    same(tmp_path, weighin.weigh(model, table[COLUMNS], table["days"], n_repeats=2, random_state=0))
    assert (tmp_path / "importance.png").stat().st_size > 1000
    assert result(tmp_path).command.startswith("weighin run model.joblib")


def test_classes_as_text(cli, tmp_path, table):
    fitted = LogisticRegression().fit(table[COLUMNS], table["died"])
    joblib.dump(fitted, tmp_path / "m.pkl")
    ran = cli(
        "run", "m.pkl", "patients.csv", "-t", "died", "--trust", "--n-repeats", 2, "--metric", "accuracy"
    )
    assert ran.code == 0, ran.err
    asked = {"metric": "accuracy", "n_repeats": 2, "random_state": 0}
    same(tmp_path, weighin.weigh(fitted, table[COLUMNS], table["died"], **asked))


def test_columns_that_say_something_about_rows(cli, tmp_path, table, model):
    ran = cli(
        "run", "model.joblib", "patients.csv", "-t", "days", "--trust", "--n-repeats", 2, "--columns", "age,dose,week",
        "--by", "ward", "--within", "ward", "--sample-weight", "weight",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    expected = weighin.weigh(
        model, table[COLUMNS], table["days"], by=table["ward"], within=table["ward"], sample_weight=table["weight"],
        n_repeats=2, random_state=0,
    )  # fmt: skip
    same(tmp_path, expected)
    assert result(tmp_path).segments == ("north", "south")


def test_a_function_and_a_network_take_the_columns_named(cli, tmp_path, table, monkeypatch):
    (tmp_path / "ages.py").write_text("def predict(table):\n    return table['age'] - table['dose']\n")
    ran = cli("run", "ages:predict", "patients.csv", "-t", "days", "--columns", "dose,age", "--n-repeats", 2)
    assert ran.code == 0, ran.err
    X = table[["dose", "age"]]
    same(
        tmp_path, weighin.weigh(lambda t: t["age"] - t["dose"], X, table["days"], n_repeats=2, random_state=0)
    )
    net = torch.nn.Linear(2, 1)
    torch.export.save(torch.export.export(net, (torch.zeros(5, 2),)), tmp_path / "net.pt2")
    ran = cli(
        "run",
        "net.pt2",
        "patients.csv",
        "-t",
        "days",
        "--columns",
        "dose,age",
        "--n-repeats",
        2,
        "-o",
        "n.json",
    )
    assert ran.code == 0, ran.err
    same(tmp_path, weighin.weigh(net, X, table["days"], n_repeats=2, random_state=0), "n.json")


def test_what_outputs_mean_can_be_said(cli, tmp_path, table, monkeypatch):
    (tmp_path / "scores.py").write_text(
        "def predict(table):\n    return 1 / (1 + 2.718281828 ** -table['age'])\n"
    )
    asked = ["run", "scores:predict", "patients.csv", "-t", "died", "--columns", "age,dose", "--n-repeats", 2]
    ran = cli(*asked, "--outputs", "probability", "--classes", "no,yes")
    assert ran.code == 0, ran.err
    assert result(tmp_path).metric == "log_loss"
    assert "outputs" in cli(*asked, "--outputs", "probabilty", "--force").err
    assert (
        "--classes"
        in cli(
            "run", "scores:predict", "patients.csv", "-t", "days", "--classes", "no,yes", "-o", "x.json"
        ).err
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--target is needed: the column that the model predicts"),
        (["-t", "dayz"], "--target: the table has no column 'dayz'. Did you mean 'days'?"),
        (
            ["-t", "days", "--columns", "age,doze"],
            "--columns: the table has no column 'doze'. Did you mean 'dose'?",
        ),
        (["-t", "days", "--columns", "age,days"], "--columns names the target, 'days'"),
        (["-t", "days", "--columns", "age,age"], "--columns names 'age' more than once"),
        (["-t", "days", "--by", "wart"], "--by: the table has no column 'wart'. Did you mean 'ward'?"),
        (["-t", "days", "--sample-weight", "x"], "--sample-weight: the table has no column 'x'"),
        (["-t", "days", "--where", "age>99"], "No rows are left of 'patients.csv'"),
        (["-t", "days", "--where", "age=='x"], "--where"),
        (["-t", "days", "--columns", "age\nx"], "cannot be read as names with commas between them"),
    ],
)
def test_wrong_columns_are_one_message(cli, tmp_path, model, arguments, message):
    ran = cli("run", "model.joblib", "patients.csv", "--trust", *arguments)
    assert (ran.code, ran.out) == (1, "")
    assert message in ran.err
    assert ran.err.startswith("weighin: ")


def test_a_model_that_fails_is_told_with_the_columns_it_got(cli, tmp_path, table, monkeypatch):
    (tmp_path / "fails.py").write_text("def predict(table):\n    return table['dosis']\n")
    ran = cli("run", "fails:predict", "patients.csv", "-t", "days", "--columns", "age,dose")
    assert ran.code == 1
    assert ran.err == (
        "weighin: 'fails:predict' fails on the columns 'age', 'dose': KeyError: 'dosis'. If the model takes other "
        "columns, name them in its order with --columns.\n"
    )


def test_a_fault_of_weighin_is_one_line_with_the_way_to_see_more(cli, table, model, monkeypatch):
    def fails(*args, **kwargs):
        raise ZeroDivisionError("no")

    monkeypatch.setattr("weighin._weigh.weigh.weigh", fails)
    ran = cli("run", "model.joblib", "patients.csv", "-t", "days", "--trust")
    assert ran.code == 1
    assert ran.err.startswith("weighin: unexpected ZeroDivisionError: no (test_run_models.py, line ")
    assert "WEIGHIN_TRACEBACK=1" in ran.err
    monkeypatch.setenv("WEIGHIN_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        cli("run", "model.joblib", "patients.csv", "-t", "days", "--trust")


def test_effects(cli, tmp_path, table, model):
    ran = cli(
        "effects",
        "model.joblib",
        "patients.csv",
        "-t",
        "days",
        "--trust",
        "--features",
        "age,week",
        "--grid",
        5,
    )
    assert ran.code == 0, ran.err
    found = weighin.Effects.load(tmp_path / "effects.json")
    expected = weighin.effects(model, table[COLUMNS], ["age", "week"], grid=5, random_state=0)
    assert found.claims() == expected.claims()
    np.testing.assert_allclose(found["age"].pd.effect, expected["age"].pd.effect)
    assert sorted(path.name for path in tmp_path.glob("effects.*")) == [
        "effects.html",
        "effects.json",
        "effects.png",
    ]


def test_shares(cli, tmp_path, table, model):
    asked = ("shares", "model.joblib", "patients.csv", "-t", "days", "--trust", "--metric", "mse")
    ran = cli(*asked, "--n-repeats", 3, "--group", "body=age,dose")
    assert ran.code == 0, ran.err
    found = weighin.Shares.load(tmp_path / "shares.json")
    expected = weighin.shares(
        model, table[COLUMNS], table["days"], metric="mse", groups={"body": ["age", "dose"]}, n_repeats=3,
        random_state=0,
    )  # fmt: skip
    assert found.features == expected.features
    np.testing.assert_allclose(found.contributions, expected.contributions)
    assert "all features" in ran.out
    assert (tmp_path / "shares.html").exists()
    assert (tmp_path / "shares.png").exists()
    assert cli("report", "shares.json", "-o", "again.html").code == 0
    ran = cli("shares", "model.joblib", "patients.csv", "--trust", "-o", "no.json")
    assert ran.code == 1
    assert "--target" in ran.err


def test_interactions(cli, tmp_path, table, model):
    asked = ("interactions", "model.joblib", "patients.csv", "-t", "days", "--trust")
    ran = cli(*asked, "--pair", "age,week", "--pair", "dose,age", "--n-repeats", 3)
    assert ran.code == 0, ran.err
    found = weighin.Interactions.load(tmp_path / "interactions.json")
    pairs = [("age", "week"), ("dose", "age")]
    expected = weighin.interactions(model, table[COLUMNS], pairs=pairs, n_repeats=3, random_state=0)
    assert found.pairs == expected.pairs
    np.testing.assert_allclose(found.interaction.estimate, expected.interaction.estimate)
    assert sorted(path.name for path in tmp_path.glob("interactions.*")) == [
        "interactions.html",
        "interactions.json",
        "interactions.png",
    ]
    ran = cli(*asked, "--pair", "age", "--force")
    assert (ran.code, "--pair must be two features" in ran.err) == (1, True)


def test_associations(cli, tmp_path, table):
    ran = cli("associations", "patients.csv", "--features", "age,days,ward", "--threshold", 0.4)
    assert ran.code == 0, ran.err
    found = weighin.Associations.load(tmp_path / "associations.json")
    expected = weighin.associations(table, ["age", "days", "ward"], threshold=0.4, random_state=0)
    np.testing.assert_allclose(found.association, expected.association)
    assert found.clusters == expected.clusters
    assert cli("associations", "patients.csv").code == 1
    table.assign(spread_provider="simulated").to_csv("patients.csv", index=False)
    assert "SIMULATED DATA" in cli("associations", "patients.csv", "--force").out


@pytest.mark.parametrize("verb", ["run", "effects"])
def test_a_folder_or_a_link_to_nothing_is_called_so(cli, tmp_path, table, verb):
    (tmp_path / "saved.pkl").mkdir()
    (tmp_path / "table.parquet").mkdir()
    (tmp_path / "gone.joblib").symlink_to("nothing")
    for model, data, message in (
        ("saved.pkl", "patients.csv", "'saved.pkl' is a folder; weighin opens files"),
        ("gone.joblib", "patients.csv", "'gone.joblib' is a link to 'nothing', which does not exist"),
        ("gone/m.pkl", "patients.csv", "No such file: 'gone/m.pkl': there is no folder 'gone'"),
        ("nowhere:predict", "patients.csv", "No module named 'nowhere'"),
    ):
        ran = cli(verb, model, data, "-t", "days")
        assert ran.code == 1
        assert message in ran.err
    assert "'table.parquet' is a folder" in cli("associations", "table.parquet").err


@pytest.mark.slow
def test_python_m_weighin():
    command = [sys.executable, "-m", "weighin", "run", "nothing.pkl", "nothing.csv"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("weighin: No such file: 'nothing.pkl'")


def test_a_pattern_takes_several_files_as_in_python(cli, tmp_path, table, model):
    (tmp_path / "parts").mkdir()
    for name, part in (("p1", table[:50]), ("p2", table[50:])):
        part[[*COLUMNS, "days"]].to_parquet(tmp_path / "parts" / f"{name}.parquet")
    ran = cli(
        "run", "model.joblib", "parts/*.parquet", "-t", "days", "--trust", "--n-repeats", 2, "--no-page"
    )
    assert ran.code == 0, ran.err
    same(tmp_path, weighin.weigh(model, table[COLUMNS], table["days"], n_repeats=2, random_state=0))
    for verb in (["effects", "model.joblib", "--trust"], ["associations"]):
        ran = cli(verb[0], *verb[1:2], "parts/*.parquet", *verb[2:], "--features", "age,dose", "--no-page")
        assert ran.code == 0, ran.err
    ran = cli("run", "model.joblib", "parts/*.csv", "-t", "days", "--trust")
    assert ran.code == 1
    assert "No file is called like 'parts/*.csv'" in ran.err


def test_a_function_of_labels_has_effects_and_messages_name_options(cli, tmp_path, table):
    (tmp_path / "said.py").write_text(
        "import numpy as np\ndef label(table):\n    return np.where(table['age'] > 0, 'yes', 'no')\n"
        "def score(table):\n    return 9 * table['age']\n"
        "def chance(table):\n    return 1 / (1 + np.exp(-table['age']))\n"
    )
    numbered = table.assign(died=(table["died"] == "yes").astype(int))
    numbered.to_csv(tmp_path / "numbered.csv", index=False)
    asked = ["--columns", "age,dose", "-t", "died", "--n-repeats", 2, "--no-page", "--force"]
    ran = cli("run", "said:label", "patients.csv", *asked, "--outputs", "label", "--classes", "no,yes")
    assert (ran.code, ran.err) == (0, "")
    assert result(tmp_path).directions == {"age": "rises", "dose": "none"}
    ran = cli("run", "said:score", "patients.csv", *asked)
    assert "--classes no,yes" in ran.err
    assert "classes=" not in ran.err
    ran = cli("run", "said:score", "numbered.csv", *asked)
    assert "--outputs logit for log loss" in ran.err
    ran = cli("run", "said:chance", "numbered.csv", *asked)
    assert ran.code == 0, ran.err
    assert "set --outputs if they are something else" in " ".join(ran.out.split())


@pytest.mark.slow
@pytest.mark.parametrize("library", ["lightgbm", "xgboost"])
def test_texts_of_a_csv_are_the_categories_that_the_file_of_a_booster_stores(cli, tmp_path, table, library):
    pytest.importorskip(library)
    coded = table[["age", "ward"]].astype({"ward": "category"})
    if library == "lightgbm":
        from lightgbm import LGBMRegressor

        fitted = LGBMRegressor(n_estimators=5, verbose=-1).fit(coded, table["days"])
        fitted.booster_.save_model(tmp_path / "model.txt")
    else:
        from xgboost import XGBRegressor

        fitted = XGBRegressor(n_estimators=5, enable_categorical=True).fit(coded, table["days"])
        fitted.save_model(tmp_path / "model.json")
    (model,) = tmp_path.glob("model.*")
    expected = weighin.weigh(fitted, coded, table["days"], n_repeats=2, random_state=0)
    options = "--target days --columns age,ward --n-repeats 2 --no-page".split()
    ran = cli("run", model.name, "patients.csv", *options)
    assert ran.code == 0, ran.err
    same(tmp_path, expected)


@pytest.mark.parametrize("verb", ["run", "effects"])
def test_a_column_that_the_table_lacks_is_computed(cli, tmp_path, table, verb):
    frame = table[COLUMNS].assign(less=table["age"] - table["dose"])
    fitted = LinearRegression().fit(frame, table["days"])
    joblib.dump(fitted, tmp_path / "model.joblib")
    call = [verb, "model.joblib", "patients.csv", "--target", "days", "--trust", "--force"]
    assert "'less' is missing" in cli(*call).err
    ran = cli(*call, "--add", "less=age - dose", "--where", "less > -1")
    assert ran.code == 0, ran.err
    kept = frame["less"] > -1
    if verb == "run":
        expected = weighin.weigh(fitted, frame[kept], table["days"][kept], random_state=0)
        assert result(tmp_path).baseline == pytest.approx(expected.baseline)
        assert result(tmp_path).features == (*COLUMNS, "less")
    for text, message in {
        "less": "--add must be name=expression, got 'less'",
        "age=dose": "--add: the table has a column 'age'",
        "less=days": "reads the target 'days'",
        "less=agge": "Did you mean 'age'",
    }.items():
        assert message in cli(*call, "--add", text).err


def test_the_first_rows_are_those_of_the_ones_kept(cli, tmp_path, table, model):
    call = [
        "run",
        "model.joblib",
        "patients.csv",
        "-t",
        "days",
        "--trust",
        "--where",
        "age > 0",
        "--rows",
        "first:20",
    ]
    assert cli(*call).code == 0
    kept = table[table["age"] > 0].head(20)
    expected = weighin.weigh(model, kept[COLUMNS], kept["days"], random_state=0)
    assert result(tmp_path).baseline == pytest.approx(expected.baseline)
    assert result(tmp_path).rows.startswith("the first 20 rows where age > 0")


@pytest.mark.parametrize("verb", ["run", "effects", "associations", "ablate"])
def test_texts_that_count_as_missing_are_said(cli, tmp_path, table, verb):
    table["ward"].replace("north", "NA").to_frame().join(table[[*COLUMNS, "days"]]).to_csv(
        "wards.csv", index=False
    )
    joblib.dump(LinearRegression().fit(table[COLUMNS], table["days"]), tmp_path / "model.joblib")
    more = {"associations": [], "ablate": ["--drop", "week", "--fits", "2"]}.get(verb, [])
    opened = [] if verb == "associations" else ["model.joblib"]
    trusted = [] if verb == "associations" else ["--trust", "-t", "days"]
    ran = cli(verb, *opened, "wards.csv", *trusted, *more)
    assert ran.code == 0, ran.err
    n = (table["ward"] == "north").sum()
    assert f"'NA' of 'ward' ({n})" in " ".join(ran.out.split())
