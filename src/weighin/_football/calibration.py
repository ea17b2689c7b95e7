"""The figures that make a league look real: of a simulated table, of a real one, and side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from weighin._football.simulate import simulate_league

if TYPE_CHECKING:
    import pandas as pd

# describe_league() of the real regular seasons 2015 to 2021, FBS against FBS, with the consensus spread.
REAL = {
    "games": 4757.0,
    "games per season": 679.571,
    "conferences": 11.0,
    "teams per season": 128.857,
    "games per team and season": 10.548,
    "neutral sites": 0.029,
    "games inside a conference": 0.74,
    "Elo, lowest": 675.0,
    "Elo, highest": 2384.0,
    "Elo, sd": 249.159,
    "spread, mean": -4.187,
    "spread, sd": 14.232,
    "spreads ending in .5": 0.511,
    "margin, mean": -3.91,
    "margin, sd": 21.491,
    "corr(spread, margin)": 0.674,
    "corr(Elo difference, spread)": -0.921,
    "mean |margin - spread|": 12.508,
    "mean |margin - Elo fit|": 13.282,
    "favourite wins": 0.749,
    "home points, mean": 30.158,
    "away points, mean": 26.247,
    "points, sd": 14.312,
    "ties": 0.0,
}


def describe_league(games: pd.DataFrame) -> dict[str, float]:
    """Compute the figures the simulation is calibrated to; works on real games as well."""
    margin, spread = games["margin"].to_numpy(float), games["spread"].to_numpy(float)
    home_elo, away_elo = games["home_elo"].to_numpy(float), games["away_elo"].to_numpy(float)
    elo = np.concatenate([home_elo, away_elo])
    home, away = games["home_points"].to_numpy(float), games["away_points"].to_numpy(float)
    seasons = games["year"].nunique()
    years = games["year"].tolist()
    entries = {*zip(years, games["home_team"], strict=True), *zip(years, games["away_team"], strict=True)}
    same = games["home_conference"].to_numpy() == games["away_conference"].to_numpy()
    design = np.column_stack([np.ones(len(games)), home_elo, away_elo])
    elo_fit = design @ np.linalg.lstsq(design, margin, rcond=None)[0]
    picked = spread != 0
    return {
        "games": float(len(games)),
        "games per season": len(games) / seasons,
        "conferences": float(games["home_conference"].nunique()),
        "teams per season": len(entries) / seasons,
        "games per team and season": 2 * len(games) / len(entries),
        "neutral sites": float(games["neutral_site"].to_numpy(bool).mean()),
        "games inside a conference": float(same.mean()),
        "Elo, lowest": float(elo.min()),
        "Elo, highest": float(elo.max()),
        "Elo, sd": float(elo.std()),
        "spread, mean": float(spread.mean()),
        "spread, sd": float(spread.std()),
        "spreads ending in .5": float((spread % 1 == 0.5).mean()),
        "margin, mean": float(margin.mean()),
        "margin, sd": float(margin.std()),
        "corr(spread, margin)": float(np.corrcoef(spread, margin)[0, 1]),
        "corr(Elo difference, spread)": float(np.corrcoef(home_elo - away_elo, spread)[0, 1]),
        "mean |margin - spread|": float(np.abs(margin - spread).mean()),
        "mean |margin - Elo fit|": float(np.abs(margin - elo_fit).mean()),
        "favourite wins": float((np.sign(spread) == np.sign(margin))[picked].mean()),
        "home points, mean": float(home.mean()),
        "away points, mean": float(away.mean()),
        "points, sd": float(np.concatenate([home, away]).std()),
        "ties": float((margin == 0).sum()),
    }


def compare(n_seeds: int = 20) -> list[tuple[str, float, float, float]]:
    """List every figure: its name, real value, and mean and sd over `n_seeds` simulated leagues."""
    leagues = [describe_league(simulate_league(random_state=seed)) for seed in range(n_seeds)]
    return [
        (name, real, float(np.mean(values)), float(np.std(values, ddof=1)))
        for name, real in REAL.items()
        for values in [[league[name] for league in leagues]]
    ]


if __name__ == "__main__":
    print(f"{'figure':<32}{'real':>10}{'simulated':>12}{'sd over seeds':>16}")
    for name, real, mean, sd in compare():
        print(f"{name:<32}{real:>10.3f}{mean:>12.3f}{sd:>16.3f}")
