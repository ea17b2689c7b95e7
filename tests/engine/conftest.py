"""What tests of several files here ask for."""

from __future__ import annotations

import pytest

from weighin._engine import plan as _plan


@pytest.fixture
def _threads_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small runs get threads too."""
    monkeypatch.setattr(_plan, "THREADS_FROM", 0)
