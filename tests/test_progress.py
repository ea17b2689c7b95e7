"""The progress bar."""

from __future__ import annotations

from typing import Any

import pytest
from rich.progress import Progress

from weighin._base import progress as _progress


def test_time_left_is_known_after_the_first_step_however_long_steps_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, bars = [0.0], []

    class Clocked(Progress):
        def __init__(self, *columns: Any, **options: Any) -> None:
            super().__init__(*columns, get_time=lambda: now[0], **options)
            bars.append(self)

    monkeypatch.setattr(_progress, "Progress", Clocked)
    with _progress.tracking("Weighing", 100, False) as advance:
        (task,) = bars[0].tasks
        for left in (540, 480, 420):
            now[0] += 60.0
            advance(10)
            assert task.time_remaining == pytest.approx(left)
