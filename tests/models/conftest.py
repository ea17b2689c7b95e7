"""Tables that tests of adapters share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest


@pytest.fixture
def holes(fresh_games: Any) -> Any:
    """A table with holes in columns that had none in training."""
    fresh_games.loc[[1, 2], "elo"] = np.nan
    fresh_games.loc[[2, 9], "spread"] = np.nan
    return fresh_games
