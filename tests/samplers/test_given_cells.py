"""The truths that importance given other columns is calibrated against, by a swap that knows the conditional law."""

from __future__ import annotations

import numpy as np
import pytest
from calibration.given_cells import CELLS

KNOWN = [name for name, cell in CELLS.items() if cell.draw(np.random.default_rng(0), 20).mean is not None]


@pytest.mark.parametrize("name", [name for name in KNOWN if CELLS[name].trained is None])
def test_truths_are_those_of_a_swap_that_knows_the_law(name):
    cell = CELLS[name]
    n = 100_000
    rows = cell.draw(np.random.default_rng(1), n)
    frame = hasattr(rows.table, "columns")
    own = np.asarray(rows.table["x0"] if frame else rows.table[:, 0])
    swapped = rows.table.copy()
    received = rows.mean + rows.sd * np.roll((own - rows.mean) / rows.sd, 1)
    if frame:
        swapped["x0"] = received
    else:
        swapped[:, 0] = received
    misses = [rows.y - cell.model(table) for table in (rows.table, swapped)]
    before, after = (np.abs(miss) if cell.metric == "mae" else miss**2 for miss in misses)
    change = after - before
    # rows are donors too: twice the plain standard error bounds theirs
    assert change.mean() == pytest.approx(cell.truth, abs=8 * change.std() / n**0.5)
