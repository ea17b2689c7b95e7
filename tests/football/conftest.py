"""What tests of several files here ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from server import Api, season


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as api:
        api.seasons[2019] = season(2019)
        yield api
