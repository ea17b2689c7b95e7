"""What a result says of itself: which rows, which metric, in which order, what a reader must know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import listing
from weighin._base.text import ARROWS
from weighin._inference.judging import Certain


class Told(Certain):
    """Words that table, chart and page share."""

    importances: NDArray[np.float64]
    baseline: float
    n_rows: int
    rows: str
    on_training_rows: bool | None
    random_state: int
    directions: Mapping[str, str]
    further: Mapping[str, Any]
    simulated: bool
    complete: bool
    unfinished: tuple[str, ...]
    notes: tuple[str, ...]
    by: str
    segment: Any
    parts: tuple[Any, ...]

    if TYPE_CHECKING:  # properties and methods of the result itself

        @property
        def n_repeats(self) -> int: ...
        @property
        def importances_mean(self) -> NDArray[np.float64]: ...
        @property
        def importances_std(self) -> NDArray[np.float64]: ...
        @property
        def relative(self) -> NDArray[np.float64]: ...
        @property
        def segments(self) -> tuple[Any, ...]: ...
        def of(self, metric: str | None = None, segment: Any = None) -> Told: ...

    def _sign(self, name: str) -> str:
        return ARROWS.get(self.directions.get(name, ""), "")

    def _marked(self, title: str) -> str:
        return (
            ("SIMULATED DATA - " if self.simulated else "")
            + ("PARTIAL - " if not self.complete else "")
            + title
        )

    def _remarks(self, *, signs: bool = True) -> list[str]:
        remarks = []
        if signs and any(map(self._sign, self.features)):
            remarks.append("Arrows: which way predictions go as the feature grows.")
        if self.unfinished:
            remarks.append(f"Not finished: {listing(self.unfinished)}.")
        judged = self._judged
        if judged is not None and judged.few_rows.any():
            few = [name for name, is_few in zip(self.features, judged.few_rows, strict=True) if is_few]
            remarks.append(f"Fewer than 20 rows count for {listing(few)}: no interval holds there.")
        return remarks

    def _order(self) -> NDArray[np.int64]:
        return np.argsort(-np.nan_to_num(self.importances_mean, nan=-np.inf), kind="stable")

    def _axis(self) -> str:
        if self.metric == "prediction_change":
            return "how far the prediction moves when the column is shuffled"
        return f"how much worse {self.metric} gets when the column is shuffled"

    @property
    def _unsure(self) -> NDArray[np.bool_]:
        """Whether each feature cannot be told apart from zero: its interval holds 0, or too few rows count for one."""
        lower, upper = self.interval()
        return ((lower <= 0) & (upper >= 0)) | (self._from_judged("few_rows") == 1)

    def _effect(self) -> str:
        if self.metric == "prediction_change":
            return "prediction moves by"
        return f"{self.metric} worse by"

    def _about(self) -> str:
        better = "higher" if self.greater_is_better else "lower"
        baseline = f"Baseline {self.metric} {self.baseline:.4g} ({better} is better) on "
        if self.metric == "prediction_change":
            baseline = "How far predictions move, on "
        training = {True: " THE MODEL WAS TRAINED ON SOME OF THESE ROWS.", False: "", None: ""}[
            self.on_training_rows
        ]
        return (
            f"{baseline}{self._which_rows()}; "
            f"{self.n_repeats} shuffle{'s' * (self.n_repeats > 1)} per feature, seed {self.random_state}.{training}"
        )

    def _which_rows(self) -> str:
        rows = self.rows or f"{self.n_rows:,} rows"
        return (
            rows if self.segment is None else f"{self.n_rows:,} of {rows}, those of {self.by} {self.segment}"
        )
