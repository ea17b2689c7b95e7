"""What tests of several files here ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Small products on a busy machine wait for each other's threads."""
    with threadpool_limits(1):
        yield
