"""``python -m benchmarks.ablation``: what training through `weighin.ablate` costs beside bare ``learn.fit`` calls.

The article's network on a simulated league: the full model and five variants, ten fits of each. Both sides take turns
after every fit, on one thread; the bare side has its data loaders and its learner made before the clock starts. Seconds
of the processor do not count neighbours on a busy machine; those of the clock do.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import weighin
from weighin._football.network import CAT_NAMES, CONT_NAMES, TARGET, ArticleTrainer, prepare_games
from weighin._football.simulate import simulate_league
from weighin._refit.recipes.seeds import seed_at

DROP = ("neutral_site", "home_conference", "away_conference", "home_elo", "away_elo")
FEATURES = (*CAT_NAMES, *CONT_NAMES)


def clocks() -> Any:
    """Seconds of the processor and of the clock."""
    return np.array([time.process_time(), time.perf_counter()])


def bare(known: Any, features: list[str], seed: int) -> Any:
    """Seconds of one ``learn.fit``, alone."""
    import fastai.tabular.all as fastai

    order = np.random.default_rng(seed).permutation(len(known))
    cut = round(len(known) * 0.2)
    with fastai.no_random(seed):
        table = fastai.TabularPandas(
            known,
            procs=[fastai.Categorify, fastai.Normalize],
            cat_names=[name for name in CAT_NAMES if name in features],
            cont_names=[name for name in CONT_NAMES if name in features],
            y_names=TARGET,
            y_block=fastai.RegressionBlock(),
            splits=(np.sort(order[cut:]).tolist(), np.sort(order[:cut]).tolist()),
        )
        dls = table.dataloaders(bs=64, device="cpu", num_workers=0)
        learn = fastai.tabular_learner(dls, layers=[200, 100], metrics=fastai.mae)
        with learn.no_bar(), learn.no_logging():
            start = clocks()
            learn.fit(5, 1e-3)
            return clocks() - start


def main() -> None:
    """Take turns, print the ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ablation", description=__doc__)
    parser.add_argument("--fits", type=int, default=10)
    options = parser.parse_args()
    import warnings

    import torch

    warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
    torch.set_num_threads(1)
    league = prepare_games(simulate_league(random_state=0))
    known = league[league["year"] < league["year"].max()].reset_index(drop=True)
    recipe = weighin.Recipe.from_function(ArticleTrainer(), features=FEATURES, target=TARGET)
    bare(known[[*FEATURES, TARGET]], list(FEATURES), 0)  # whatever is loaded at the first time
    ours, theirs = np.zeros(2), np.zeros(2)
    with tempfile.TemporaryDirectory() as folder:
        for fit in range(options.fits):
            start = clocks()
            weighin.ablate(
                recipe,
                league,
                drop=list(DROP),
                fits=fit + 1,  # what is in the store is not trained again
                split="time:year",
                random_state=0,
                store=Path(folder) / "fits",
                progress=False,
            )
            ours += clocks() - start
            for dropped in (None, *DROP):
                features = [name for name in FEATURES if name != dropped]
                theirs += bare(known[[*features, TARGET]], features, seed_at(0, 0, fit))
            print(
                f"fit {fit + 1}: "
                + "; ".join(
                    f"{mine:.1f} s through ablate, {bare_fits:.1f} s bare, {mine / bare_fits:.3f}x ({which})"
                    for mine, bare_fits, which in zip(ours, theirs, ("processor", "clock"), strict=True)
                ),
                flush=True,
            )


if __name__ == "__main__":
    main()
