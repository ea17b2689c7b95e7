"""The article's network on real seasons: which features act together, as docs/interactions.md says."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import weighin

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "cfbd"


@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_dir(), reason="the real payloads are not there (../shared/cfbd)")
def test_the_network_nearly_adds_up_and_what_acts_together_is_spread_and_elo():
    from weighin._football.games import PROVIDERS, season_table
    from weighin._football.network import train_network
    from weighin._football.records import games_in, lines_in

    def payload(kind: str, year: int) -> Any:
        with gzip.open(REAL / f"{kind}_{year}.json.gz") as file:
            return json.load(file)

    seasons = [
        season_table(games_in(payload("games", y), y), lines_in(payload("lines", y), y), y, PROVIDERS).frame
        for y in range(2015, 2022)
    ]
    games = pd.concat(seasons, ignore_index=True)
    learner = train_network(games).learner
    found = weighin.interactions(learner, games[games.year == 2021], n_repeats=20, random_state=0)
    first, second, third, *others = found.lines()
    assert {first.features, second.features} == {("home_elo", "spread"), ("away_elo", "spread")}
    assert 0.01 < second.share_lower < first.share_upper < 0.05
    assert all(line.share < 0.005 for line in (third, *others))
    assert found.total_share.estimate[found.features.index("spread")] > 0.8
    assert all(surface.dependence is not None for surface in found.surfaces)
