"""A kind of result, and a verb that gives it, added in one file as CONTRIBUTING says."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from weighin import InputError
from weighin._display.telling import Bar, Column, Row, Table, Telling
from weighin._results.base import Result


@dataclass(frozen=True, repr=False)
class Ranges(Result):
    """How far predictions reach over the values of each feature."""

    features: tuple[str, ...]
    widths: tuple[float, ...]

    _format = "toy.ranges"

    def tell(self, confidence_level: float = 0.95, limit: int = 5) -> Telling:
        rows = [
            Row(name, [f"{width:.1f}"], bar=Bar(width), claimed=True)
            for name, width in zip(self.features, self.widths, strict=True)
        ]
        return Telling(
            title="How far predictions reach",
            tables=[Table("Ranges", "feature", [Column("range")], rows)],
            sentences=[f"{self.features[0]} reaches furthest."],
            made=[("Features", f"{len(rows)}")],
        )

    def _columns(self, confidence_level: float) -> dict[str, Any]:
        return {"feature": list(self.features), "range": list(self.widths)}


def ranges(predict: Any, X: Any) -> Ranges:
    """A verb: it looks at the model and gives a result that needs the model no more."""
    widths = {
        f"x{column}": float(np.ptp(predict(np.where(np.arange(X.shape[1]) == column, X, X.mean(0)))))
        for column in range(X.shape[1])
    }
    features = sorted(widths, key=lambda name: -widths[name])
    return Ranges(tuple(features), tuple(widths[name] for name in features))


@pytest.fixture
def found() -> Ranges:
    X = np.random.default_rng(0).normal(size=(50, 2))
    return ranges(lambda rows: rows[:, 0] + 3 * rows[:, 1], X)


def test_every_view_shows_it(found: Ranges) -> None:
    console = Console(file=io.StringIO(), width=80)
    console.print(found)
    views = [
        str(found),
        repr(found),
        console.file.getvalue(),
        found._repr_html_(),
        found.to_markdown(),
        found.to_latex(),
        found.to_html(),
    ]
    assert all("x1" in view and f"{found.widths[0]:.1f}" in view for view in views)
    assert "x1 reaches furthest." in found.summary()


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_it_has_frames(found: Ranges, backend: str) -> None:
    frame = found.to_frame(backend=backend)
    assert list(frame["range"].to_numpy()) == list(found.widths)


def test_it_comes_back_from_its_file(found: Ranges, tmp_path: Path) -> None:
    found.save(tmp_path / "ranges.json")
    assert Ranges.load(tmp_path / "ranges.json") == found
    text = (tmp_path / "ranges.json").read_text(encoding="utf-8").replace("toy.ranges", "toy.others")
    (tmp_path / "others.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        Ranges.load(tmp_path / "others.json")
