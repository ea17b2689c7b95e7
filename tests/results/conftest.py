from __future__ import annotations

import pytest
from every_kind import HOSTILE, MAKERS, PLAIN


@pytest.fixture(params=[PLAIN, HOSTILE], ids=["plain", "hostile"])
def names(request):
    return request.param


@pytest.fixture(params=MAKERS)
def result(request, names):
    return MAKERS[request.param](names)
