"""Tables that are read piece by piece: rows drawn from them, whatever they are and however they are cut."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

import weighin
from weighin import InputError
from weighin._tables import large, spool

pytestmark = pytest.mark.slow

N = 20_000
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "size": RNG.normal(size=N),
        "count": RNG.integers(0, 9, N),
        "kind": RNG.choice(["a", "b", "NA"], N),
        "week": np.arange(N) // 100,
    }
)
FRAME["y"] = 2 * FRAME["size"] + (FRAME["kind"] == "a") + RNG.normal(size=N)


def predict(frame):
    kind = np.asarray(frame["kind"].to_numpy() == "a", dtype=float)
    return 2 * np.asarray(frame["size"].to_numpy()) + kind


@pytest.fixture(autouse=True)
def _small_is_large(monkeypatch):
    """A few thousand rows count as many, and streams are written to disk after some kilobytes."""
    monkeypatch.setattr(large, "LARGE_ROWS", 5_000)
    monkeypatch.setattr(spool, "HELD_BYTES", 2**14)
    monkeypatch.setattr(spool, "SMALL_BYTES", 0)


@pytest.fixture
def folder(tmp_path):
    """The rows in four files, of three row groups each."""
    for part, rows in enumerate(np.array_split(np.arange(N), 4)):
        FRAME.iloc[rows].to_parquet(tmp_path / f"part{part}.parquet", index=False, row_group_size=2_000)
    return tmp_path


def written(folder, suffix):
    path = folder / f"table{suffix}"
    if suffix == ".csv":
        FRAME.to_csv(path, index=False)
    elif suffix == ".jsonl":
        FRAME.to_json(path, orient="records", lines=True, double_precision=15)
    else:
        FRAME.to_feather(path)
    return path


KINDS = {
    "file": lambda folder: folder / "part*.parquet",
    "folder": lambda folder: str(folder),
    "csv": lambda folder: written(folder, ".csv"),
    "json lines": lambda folder: written(folder, ".jsonl"),
    "feather": lambda folder: written(folder, ".arrow"),
    "dataset": lambda folder: ds.dataset(str(folder)),
    "filtered dataset": lambda folder: ds.dataset(str(folder)).filter(ds.field("week") >= 0),
    "duckdb": lambda folder: duckdb.sql(f"SELECT * FROM '{folder}/*.parquet'"),
    "lazy": lambda folder: pl.scan_parquet(folder),
    "reader": lambda folder: ds.dataset(str(folder)).scanner().to_reader(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_rows_drawn_to_a_precision_are_those_drawn_from_memory(kind, folder):
    memory = weighin.weigh(
        predict, FRAME.replace("NA", None) if kind == "csv" else FRAME, "y", precision=0.05, random_state=3
    )
    imp = weighin.weigh(predict, KINDS[kind](folder), "y", precision=0.05, random_state=3)
    assert imp.features == memory.features
    assert imp.n_rows == memory.n_rows < N
    np.testing.assert_allclose(imp.importances_mean, memory.importances_mean, rtol=1e-9)
    np.testing.assert_allclose(imp.se, memory.se, rtol=1e-6)
    assert imp.rows.endswith("of 20,000 rows, drawn at random")


def test_of_a_large_table_rows_are_drawn_which_a_note_says(folder, monkeypatch):
    monkeypatch.setattr("weighin._tables.large.SAMPLE_ROWS", 4_000)
    imp = weighin.weigh(predict, folder, "y", random_state=0, by="kind", within="week")
    assert imp.n_rows == 4_000
    assert imp.rows == "4,000 of 20,000 rows, drawn at random"
    assert 'rows="all" takes all' in imp.notes[0]
    again = weighin.weigh(predict, folder, "y", random_state=0, by="kind", within="week", n_jobs=2)
    assert (again.importances_mean == imp.importances_mean).all()
    other = weighin.weigh(predict, folder, "y", random_state=1, by="kind", within="week")
    assert (other.importances_mean != imp.importances_mean).any()


def test_rows_says_how_many(folder):
    everything = weighin.weigh(predict, folder, "y", rows="all", random_state=0)
    memory = weighin.weigh(predict, FRAME, "y", random_state=0)
    assert everything.n_rows == N
    assert (everything.importances_mean == memory.importances_mean).all()
    for X in (folder, FRAME, pl.from_pandas(FRAME)):
        imp = weighin.weigh(predict, X, "y", rows=3_000, random_state=0, n_repeats=5)
        assert imp.rows == "3,000 of 20,000 rows, drawn at random"
        assert imp["size"].importance == pytest.approx(memory["size"].importance, abs=0.3)
    with pytest.raises(
        InputError, match=r'rows must be "auto", "all", an integer >= 2 or weighin\.AllRows\(\.\.\.\), got 1'
    ):
        weighin.weigh(predict, folder, "y", rows=1)
    with pytest.raises(InputError, match="Did you mean 'all'"):
        weighin.weigh(predict, folder, "y", rows="al")
    with pytest.raises(InputError, match="X is a ndarray"):
        weighin.weigh(len, np.ones((9, 2)), np.ones(9), rows=3)


def test_every_row_is_as_likely_to_be_drawn(folder):
    counts = np.zeros(N)
    for seed in range(60):
        rows = large.draw(spool.open_source(folder)[1], 2_000, seed)
        assert len(np.unique(rows)) == 2_000
        counts[rows] += 1
    # of row groups, not of rows alone
    groups = counts.reshape(20, -1).sum(axis=1)
    assert np.abs(groups / 6_000 - 1).max() < 0.05


def test_values_for_all_rows_go_by_position(folder):
    y, weights = FRAME["y"].to_numpy(), RNG.random(N)
    table = ds.dataset(str(folder))
    imp = weighin.weigh(predict, table, y, sample_weight=weights, rows=3_000, random_state=0)
    named = FRAME.assign(w=weights)
    other = weighin.weigh(predict, named, "y", sample_weight="w", rows=3_000, random_state=0)
    np.testing.assert_allclose(imp["size"].importance, other["size"].importance)
    with pytest.raises(
        InputError, match="y must be the name of a column, or have a value for each of the 20,000"
    ):
        weighin.weigh(predict, table, y[:-1], rows=3_000)


def test_only_files_that_hold_rows_drawn_are_read(folder):
    source = spool.open_source(folder)[1]
    (folder / "part3.parquet").unlink()
    assert list(source.take(np.array([0, 1, 7_000]))["week"]) == [0, 0, 70]
    with pytest.raises(InputError, match=r"part3\.parquet' is not there any more"):
        source.take(np.array([N - 1]))


class TestFilesThatDoNotFit:
    """Each is named."""

    def check(self, X, *texts):
        for text in texts:
            with pytest.raises(InputError, match=text):
                weighin.weigh(predict, X, "y", rows="all")
            with pytest.raises(InputError, match=text):
                weighin.weigh(predict, X, "y", precision=0.1)

    def test_corrupt(self, folder):
        path = folder / "part2.parquet"
        content = path.read_bytes()
        path.write_bytes(content[:-20])
        self.check(folder, r"part2\.parquet' cannot be read")
        path.write_bytes(content[:100] + bytes(20_000) + content[20_100:])
        self.check(folder, r"part2\.parquet' cannot be read")
        path.write_bytes(b"")
        self.check(folder, r"part2\.parquet' cannot be read")

    def test_other_columns(self, folder):
        FRAME.drop(columns="kind").to_parquet(folder / "part1.parquet")
        self.check(folder, r"part1\.parquet' has no column 'kind', unlike '.*part0\.parquet'")
        FRAME.assign(more=1).to_parquet(folder / "part1.parquet")
        self.check(folder, r"part1\.parquet' has the column 'more' besides")

    def test_another_type(self, folder):
        FRAME.astype({"size": str}).to_parquet(folder / "part1.parquet")
        self.check(folder, r"Column 'size' holds numbers \(double\) in .*part0.* and text .*part1\.parquet'")
        # wider numbers of the same kind fit
        FRAME.iloc[5_000:10_000].astype({"count": float}).to_parquet(folder / "part1.parquet", index=False)
        imp = weighin.weigh(predict, folder, "y", rows="all", random_state=0)
        memory = weighin.weigh(predict, FRAME, "y", random_state=0)
        assert (imp.importances_mean == memory.importances_mean).all()

    def test_empty(self, folder):
        FRAME.head(0).to_parquet(folder / "part9.parquet", index=False)
        imp = weighin.weigh(predict, folder, "y", rows="all", random_state=0)
        assert imp.n_rows == N
        assert any("No rows are in" in note and "part9.parquet" in note for note in imp.notes)

    def test_a_folder_of_other_things(self, folder):
        (folder / "readme.txt").write_text("x")
        self.check(folder, "is a folder, and holds 'readme.txt', which weighin does not read")

    def test_text_further_down_a_csv_file_makes_the_column_text(self, tmp_path):
        path = tmp_path / "games.csv"
        FRAME.astype({"count": object}).to_csv(path, index=False)
        lines = path.read_text().splitlines()
        fields = lines[-1].split(",")
        lines[-1] = ",".join([fields[0], "many", *fields[2:]])
        path.write_text("\n".join(lines) + "\n")
        source = spool.open_source(path)[1]
        assert source.whole()["count"].iloc[-1] == "many"
        assert source.whole()["kind"].isna().sum() == (FRAME["kind"] == "NA").sum()


def test_folders_named_after_a_value_have_it_as_a_column(tmp_path):
    for year in (2020, 2021):
        (tmp_path / f"year={year}").mkdir()
        FRAME.head(3_000).to_parquet(tmp_path / f"year={year}" / "games.parquet", index=False)
    frame = spool.open_source(tmp_path)[1].whole()
    assert frame["year"].tolist() == [2020] * 3_000 + [2021] * 3_000


def test_categories_are_the_same_in_every_piece(tmp_path):
    table = pa.table({"kind": pa.array(["b", "a"]).dictionary_encode(), "n": [1, 2]})
    other = pa.table({"kind": pa.array(["a", "c"]).dictionary_encode(), "n": [3, 4]})
    for name, part in (("1", table), ("2", other)):
        pq.write_table(part, tmp_path / f"{name}.parquet")
    batches = list(spool.open_source(tmp_path)[1].with_categories().batches())
    assert [batch.column("kind").dictionary.to_pylist() for batch in batches] == [["b", "a", "c"]] * 2
    assert pa.Table.from_batches(batches).column("kind").to_pylist() == ["b", "a", "a", "c"]
