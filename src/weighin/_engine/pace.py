"""What calls of a slow model take, learned from each of them: so calls are as large as time and memory allow."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field

# a model that takes longer for a few rows is slow; where the machine is busy with others, it is if it takes so long
SLOW_SECONDS, SURELY_SLOW_SECONDS = 0.02, 0.2
# of one call, so that Ctrl-C is answered soon; where calls cost much whatever their rows, so many times that
CALL_SECONDS, CALL_SHARES = 2.0, 3.0
# where time is short, it is left for so many calls
CALLS_LEFT = 4
# times the rows of the largest call so far, at most: what more rows take is learned step by step
GROWTH = 8
# of one call, at least
LEAST_ROWS = 32
# that a call may take
CALL_BYTES = 2 * 2**30
# the system hands out memory in pieces; less says nothing
NOTICED_BYTES = 16 * 2**20


class TimeUp(KeyboardInterrupt):
    """The time allowed is over; what is finished counts, as after Ctrl-C."""


@dataclass
class Pace:
    """Time and memory that calls of a model take: a part for every call, and a part for each of its rows.

    `deadline`: when to stop, on the clock of `time.monotonic`.
    `seconds_of`: the fastest call of each number of rows.
    `row_bytes`: memory that a call takes for each of its rows, as far as that is known.
    `over`: whether a run stopped because the time is over, or would be before the next rows are done.
    """

    deadline: float | None = None
    seconds_of: dict[int, float] = field(default_factory=dict)
    over: bool = False
    row_bytes: float = 0.0
    _peak: float = 0.0
    _untraced: bool = False

    def learn(self, n_rows: int, seconds: float, traced: bool = False) -> None:
        """Take what a call took; `traced`: while its memory was looked at, which takes time."""
        if not traced and not self._untraced and self.seconds_of:
            share = min(1.0, seconds / max(self.seconds(n_rows), 1e-9))
            self.seconds_of = {rows: share * before for rows, before in self.seconds_of.items()}
        self._untraced = self._untraced or not traced
        self.seconds_of[n_rows] = min(seconds, self.seconds_of.get(n_rows, seconds))
        peak = _peak_bytes()
        # the first call loads what the model needs
        if self._peak and n_rows >= self.largest and peak - self._peak > NOTICED_BYTES:
            self.row_bytes = max(self.row_bytes, (peak - self._peak) / n_rows)
        self._peak = self._peak or peak

    @property
    def largest(self) -> int:
        """Rows of the largest call so far."""
        return max(self.seconds_of)

    @property
    def costs(self) -> tuple[float, float]:
        """Seconds of every call, and of each of its rows."""
        few, many = min(self.seconds_of), self.largest
        if few == many:
            return 0.0, self.seconds_of[many] / many
        of_row = max(0.0, (self.seconds_of[many] - self.seconds_of[few]) / (many - few))
        return max(0.0, self.seconds_of[few] - few * of_row), of_row

    def seconds(self, n_rows: int) -> float:
        """What a call of so many rows takes, about."""
        fixed, of_row = self.costs
        return fixed + n_rows * of_row

    @property
    def seconds_left(self) -> float:
        """Until the deadline."""
        return float("inf") if self.deadline is None else self.deadline - time.monotonic()

    def rows_in(self, seconds: float) -> int:
        """Rows of a call that takes so long, or as long as pays where a call of no rows takes much of it."""
        fixed, of_row = self.costs
        room = seconds - fixed
        return int(min(room / of_row, 2**31)) if of_row else 2**31 if room > 0 else 0

    @property
    def seconds_of_call(self) -> float:
        """What a call may take: part of the time left, but that calls of few rows would only lose more of it."""
        fixed = self.costs[0]
        return max(2 * fixed, min(max(CALL_SECONDS, CALL_SHARES * fixed), self.seconds_left / CALLS_LEFT))

    @property
    def rows_of_call(self) -> int:
        """Rows of one call: as many as time and memory allow, as far as that is known."""
        rows = self.rows_in(self.seconds_of_call)
        if self.row_bytes:
            rows = min(rows, int(CALL_BYTES / self.row_bytes))
        return max(min(rows, GROWTH * self.largest), LEAST_ROWS)

    def rows_at_once(self, predictions: int) -> int:
        """Rows that are worth a call where each is predicted so many times."""
        return max(1, self.rows_in(self.seconds_of_call) // predictions)

    def check(self, seconds: float = 0.0) -> None:
        """Stop where the time left is shorter.

        Raises TimeUp.
        """
        if self.seconds_left < seconds:
            self.over = True
            raise TimeUp


class Stopwatch:
    """Time that passes, and whether that says how long a call takes, or how busy the machine is with others."""

    def __init__(self) -> None:
        self.seconds, self.slow = 0.0, False

    def __enter__(self) -> Stopwatch:
        self._start, self._busy, self._preempted = time.monotonic(), time.process_time(), _usage("ru_nivcsw")
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds, busy = time.monotonic() - self._start, time.process_time() - self._busy
        alone = _usage("ru_nivcsw") == self._preempted
        self.slow = self.seconds >= SLOW_SECONDS and (
            busy >= SLOW_SECONDS or self.seconds >= SURELY_SLOW_SECONDS or alone
        )


def _peak_bytes() -> float:
    """The most memory this process had so far; 0 where the system does not say."""
    return _usage("ru_maxrss") * (1 if sys.platform == "darwin" else 1024)


def _usage(of_what: str) -> float:
    """What the system says of this process; 0 where it says nothing."""
    try:
        import resource
    except ImportError:
        return 0.0
    return float(getattr(resource.getrusage(resource.RUSAGE_SELF), of_what))
