"""Who plays whom, where and when, in a season of the simulated league."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LAST_WEEK = 13
TITLE_WEEK = 14
GAMES_WANTED = 11
# teams that play one game more outside the league
ONE_LESS = 0.08
# mostly strangers; conference play starts after these
EARLY_WEEKS = 3
# teams that meet a stranger in such a week; the others rest or play outside the league
EARLY_SHARE = 0.9
STRONGER_HOSTS = 0.85
# of games between strangers; title games are always on neutral ground
NEUTRAL_SHARE = 0.055
# conference games and other games that survive in a short season
SHORT_KEPT = (0.88, 0.34)


@dataclass(frozen=True)
class Week:
    """The games of one week: team numbers, and whether nobody is at home."""

    number: int
    home: NDArray[np.int64]
    away: NDArray[np.int64]
    neutral: NDArray[np.bool_]


def weeks(
    rng: np.random.Generator,
    conference: NDArray[np.int64],
    rounds: list[int],
    level: NDArray[np.float64],
    *,
    short: bool,
) -> Iterator[Week]:
    """Give the regular weeks of a season."""
    inside = _conference_games(rng, conference, rounds)
    played = np.asarray(rounds)[conference]
    wanted = GAMES_WANTED - played - (rng.random(len(conference)) < ONE_LESS)
    for number in range(1, LAST_WEEK + 1):
        own = np.array(inside[number], dtype=np.int64).reshape(-1, 2)
        free = wanted > 0
        free[own.ravel()] = False
        if number <= EARLY_WEEKS:
            free &= (played == 0) | (rng.random(len(conference)) < EARLY_SHARE)
        strangers = _strangers(rng, np.flatnonzero(free), wanted, conference, level)
        wanted[strangers.ravel()] -= 1
        pairs = np.concatenate([own, strangers])
        neutral = np.arange(len(pairs)) >= len(own)
        neutral &= rng.random(len(pairs)) < NEUTRAL_SHARE
        if short:
            kept = rng.random(len(pairs)) < np.repeat(SHORT_KEPT, [len(own), len(strangers)])
            pairs, neutral = pairs[kept], neutral[kept]
        yield Week(number, pairs[:, 0], pairs[:, 1], neutral)


def title_games(
    rng: np.random.Generator, conference: NDArray[np.int64], rounds: list[int], wins: NDArray[np.float64]
) -> Week:
    """Let the two teams with most wins of every conference meet; a draw settles equal wins."""
    order = np.lexsort((rng.random(len(wins)), -wins))
    best = [order[conference[order] == number][:2] for number, games in enumerate(rounds) if games]
    pairs = np.array(best)
    return Week(TITLE_WEEK, pairs[:, 0], pairs[:, 1], np.ones(len(pairs), bool))


def _conference_games(
    rng: np.random.Generator, conference: NDArray[np.int64], rounds: list[int]
) -> dict[int, list[tuple[int, int]]]:
    """Draw rounds of each conference's round robin, and a week for each of them."""
    games: dict[int, list[tuple[int, int]]] = {number: [] for number in range(1, LAST_WEEK + 1)}
    for number, count in enumerate(rounds):
        if not count:
            continue
        members = rng.permutation(np.flatnonzero(conference == number))
        chosen = rng.permutation(len(members) - 1)[:count]
        dates = rng.permutation(np.arange(EARLY_WEEKS + 1, LAST_WEEK + 1))[:count]
        for turn, date in zip(chosen, dates, strict=True):
            for one, other in _round(members, int(turn)):
                games[int(date)].append((one, other) if rng.random() < 0.5 else (other, one))
    return games


def _round(members: NDArray[np.int64], turn: int) -> list[tuple[int, int]]:
    """Pair an even number of teams for a round of a round robin: one stays, the others move on."""
    seats = np.concatenate([members[:1], np.roll(members[1:], turn)])
    half = len(seats) // 2
    return [(int(one), int(other)) for one, other in zip(seats[:half], seats[: half - 1 : -1], strict=True)]


def _strangers(
    rng: np.random.Generator,
    free: NDArray[np.int64],
    wanted: NDArray[np.int64],
    conference: NDArray[np.int64],
    level: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Pair the free teams that want most games with the others, not inside a conference; say who hosts."""
    free = rng.permutation(free)
    free = free[np.argsort(-wanted[free], kind="stable")]
    half = len(free) // 2
    pairs = np.column_stack([free[:half], free[half : 2 * half]])
    pairs = pairs[conference[pairs[:, 0]] != conference[pairs[:, 1]]]
    stronger_first = level[pairs[:, 0]] >= level[pairs[:, 1]]
    swap = stronger_first != (rng.random(len(pairs)) < STRONGER_HOSTS)
    return np.where(swap[:, None], pairs[:, ::-1], pairs)
