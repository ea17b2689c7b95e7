"""Tables from files, with what the model knows in mind; columns of every odd kind."""

from __future__ import annotations

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import weighin
from weighin import InputError
from weighin._models.levels import levels_of
from weighin._tables.frames import read_table, write_table

RNG = np.random.default_rng(0)
N = 300
COUNTRY = RNG.choice(["NA", "DE", "None", "007"], N)
FRAME = pd.DataFrame({"country": COUNTRY, "size": RNG.normal(size=N).round(3)})
EFFECT = {"NA": 3.0, "DE": 0.0, "None": -3.0, "007": 1.0}
FRAME["y"] = [EFFECT[name] for name in COUNTRY] + FRAME["size"] + RNG.normal(scale=0.5, size=N).round(3)


def pipeline():
    encode = ColumnTransformer(
        [
            ("levels", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()), ["country"]),
            ("numbers", "passthrough", ["size"]),
        ]
    )
    return make_pipeline(encode, LinearRegression()).fit(FRAME[["country", "size"]], FRAME["y"])


def test_levels_that_the_model_knows_stay(tmp_path):
    FRAME.to_csv(tmp_path / "table.csv", index=False)
    model = pipeline()
    by_hand = np.mean([abs(y - p) for y, p in zip(FRAME["y"], model.predict(FRAME), strict=True)])
    imp = weighin.weigh(model, tmp_path / "table.csv", "y", random_state=0)
    assert imp.baseline == pytest.approx(by_hand)
    blind = model.predict(pd.read_csv(tmp_path / "table.csv"))
    assert np.abs(FRAME["y"] - blind).mean() > 1.5 * by_hand
    curves = weighin.effects(model, str(tmp_path / "table.csv"), ["country"], random_state=0).effects[0]
    assert sorted(curves.labels) == ["007", "DE", "NA", "None"]
    assert set(read_table(tmp_path / "table.csv")["country"].dropna()) == {"DE", "007"}


def test_levels_are_found_in_searches_and_encoders():
    search = GridSearchCV(pipeline(), {"linearregression__fit_intercept": [True, False]}, cv=2)
    search.fit(FRAME[["country", "size"]], FRAME["y"])
    for model in (pipeline(), search, OneHotEncoder().fit(FRAME[["country"]])):
        assert levels_of(model) == {"country": ["007", "DE", "NA", "None"]}
    assert levels_of(LinearRegression()) == {}
    assert levels_of(len) == {}


def test_the_same_table_comes_from_every_format_and_from_several_files(tmp_path):
    model = pipeline()
    plain = weighin.weigh(model, FRAME, "y", random_state=0)
    for suffix in ("csv", "parquet", "feather", "json", "jsonl"):
        write_table(FRAME, tmp_path / f"table.{suffix}")
        imp = weighin.weigh(model, tmp_path / f"table.{suffix}", "y", random_state=0)
        np.testing.assert_allclose(imp.importances_mean, plain.importances_mean, rtol=1e-9)
    for part, rows in enumerate(np.array_split(np.arange(N), 3)):
        FRAME.iloc[rows].to_csv(tmp_path / f"part{part}.csv", index=False)
    imp = weighin.weigh(model, tmp_path / "part*.csv", "y", random_state=0)
    np.testing.assert_allclose(imp.importances_mean, plain.importances_mean, rtol=1e-9)
    FRAME.drop(columns="size").to_csv(tmp_path / "part9.csv", index=False)
    with pytest.raises(InputError, match=r"'size' is missing"):
        read_table(tmp_path / "part*.csv")
    with pytest.raises(InputError, match=r"No file is called like '.*none\*\.csv'"):
        read_table(tmp_path / "none*.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match=r"is a folder"):
        weighin.weigh(model, tmp_path / "folder.csv", "y")


def test_a_path_that_is_no_table_is_said():
    with pytest.raises(InputError, match=r"'games\.xlsx' has no suffix weighin knows"):
        weighin.weigh(pipeline(), "games.xlsx", "y")


ODD = pd.DataFrame(
    {
        "size": FRAME["size"],
        "cents": [decimal.Decimal(i % 5) / 4 for i in range(N)],
        "flag": np.arange(N) % 2 == 0,
        "holes": pd.array([None if i % 3 else i % 4 for i in range(N)], dtype="Int64"),
        "level": pd.Categorical(["u", "v", None] * 100, categories=["w", "v", "u"]),
        "day": [datetime.date(2021, 1, 1 + i % 9) for i in range(N)],
        "zone": pd.date_range("2021-01-01", periods=N, tz="Asia/Tokyo"),
        "gap": [None, np.nan, pd.NA, pd.NaT, "x", "y"] * 50,
        "zero": [0.0, -0.0, 1.0] * 100,
    }
)


def test_columns_of_every_kind_are_weighed_and_shown():
    imp = weighin.weigh(lambda rows: rows["size"] + rows["flag"], ODD, FRAME["size"], random_state=0)
    assert imp.baseline == pytest.approx(0.5)
    unused = [name for name in imp.features if name not in ("size", "flag")]
    assert all(imp[name].importance == 0 for name in unused)
    curves = weighin.effects(lambda rows: rows["size"] + rows["flag"], ODD, random_state=0)
    shown = {curve.feature: curve for curve in curves.effects}
    assert shown["zero"].labels == ("0", "1")
    assert shown["cents"].values.tolist() == [0, 0.25, 0.5, 0.75, 1.0]
    assert shown["level"].labels == ("u", "v")
    assert shown["gap"].labels == ("x", "y")
    assert shown["gap"].missing_share == pytest.approx(4 / 6)
    assert weighin.associations(ODD).features == tuple(ODD.columns)


def test_missing_values_of_every_kind_make_no_segment():
    imp = weighin.weigh(lambda rows: rows["size"], ODD, FRAME["size"], by="gap", random_state=0)
    assert imp.segments == ("x", "y")
    with pytest.raises(InputError, match=r"within has 200 missing value\(s\)"):
        weighin.weigh(lambda rows: rows["size"], ODD, FRAME["size"], within="gap")


def test_zeros_of_both_signs_are_one_segment():
    imp = weighin.weigh(lambda rows: rows["size"], ODD, FRAME["size"], by="zero", random_state=0)
    assert imp.segments == (0, 1)


def test_large_ids_stay_apart_in_effects_and_associations():
    ids = 2**60 + np.arange(N) % 3
    table = pd.DataFrame({"id": ids, "size": FRAME["size"]})
    curve = weighin.effects(lambda rows: rows["id"] % 3 + 0.0, table, ["id"], random_state=0).effects[0]
    assert curve.labels == tuple(str(2**60 + i) for i in range(3))
    loop = [np.mean([float(level % 3) for _ in range(N)]) for level in sorted(set(ids.tolist()))]
    np.testing.assert_allclose(curve.pd.effect, loop)
    holes = table.assign(id=pd.array([*ids[:-1], None], dtype="Int64"), copy=np.arange(N) % 3)
    together = weighin.associations(holes, random_state=0)
    assert together.association[0, 2] == pytest.approx(1.0)


def test_lists_in_a_column_are_told_apart_as_they_are_written():
    tags = FRAME.assign(tags=[["a"], ["b", "c"]] * 150)
    imp = weighin.weigh(lambda rows: rows["size"], tags, "y", by="tags", random_state=0)
    assert imp.segments == ("['a']", "['b', 'c']")
    assert imp["tags"].importance == 0


@pytest.mark.slow
def test_lists_in_a_categorical_column_of_a_learner_are_said():
    learners = pytest.importorskip("learners")
    learn = learners.train(FRAME, ["country"], ["size"], "y", epochs=0, metrics=[learners.mae])
    tags = FRAME.assign(country=[["a"], ["b", "c"]] * 150)
    with pytest.raises(InputError, match=r"Column 'country' is categorical and holds a list, \['a'\]"):
        weighin.weigh(learn, tags)


@pytest.mark.slow
def test_of_ten_thousand_columns_the_model_takes_seven():
    names = [f"c{i}" for i in range(10_000)]
    wide = pd.DataFrame(RNG.normal(size=(50, 10_000)), columns=names)
    model = LinearRegression().fit(wide[names[100:107]], wide["c100"])
    imp = weighin.weigh(model, wide, "c9", random_state=0)
    assert imp.features == tuple(names[100:107])
    assert weighin.effects(model, wide, ["c101"], random_state=0).effects[0].feature == "c101"
    assert weighin.associations(wide, names[:3]).features == ("c0", "c1", "c2")


class TestTextsThatCountAsMissing:
    """A model that knows no categories gets NaN for "NA", as pandas reads it: it is said."""

    def predict(self, rows):
        return rows["size"] + rows["country"].isna()

    def test_they_are_counted_in_columns_of_text(self, tmp_path):
        FRAME.to_csv(tmp_path / "table.csv", index=False)
        for X in (tmp_path / "table.csv", str(tmp_path / "tab*.csv")):
            (note,) = weighin.weigh(self.predict, X, "y", random_state=0).notes
            for word in ("NA", "None"):
                assert f"'{word}' of 'country' ({np.sum(word == COUNTRY)})" in note
            assert "keep_default_na=False" in note
            assert note in weighin.effects(self.predict, X, ["size"]).notes

    def test_not_where_the_model_knows_them_nor_beside_numbers_nor_what_is_empty(self, tmp_path):
        FRAME.to_csv(tmp_path / "table.csv", index=False)
        assert weighin.weigh(pipeline(), tmp_path / "table.csv", "y", random_state=0).notes == ()
        table = FRAME.assign(
            size=FRAME["size"].where(FRAME.index > 4), country=FRAME["country"].where(COUNTRY == "DE")
        )
        table.to_csv(tmp_path / "table.csv", index=False)
        assert (
            weighin.weigh(
                lambda rows: rows["size"].fillna(0), tmp_path / "table.csv", "y", random_state=0
            ).notes
            == ()
        )
        FRAME.assign(size=FRAME["size"].where(FRAME.index > 4)).drop(columns="country").to_csv(
            tmp_path / "table.csv", index=False, na_rep="NA"
        )
        assert (
            weighin.weigh(
                lambda rows: rows["size"].fillna(0), tmp_path / "table.csv", "y", random_state=0
            ).notes
            == ()
        )
