"""The command line: one file per verb; each computes, writes and prints last."""

from __future__ import annotations

import contextlib
import signal
import sys


def main() -> None:
    """Run the command line; an error is one message on stderr and exit code 1, a usage error 2, Ctrl-C 130."""
    from weighin._cli import printing

    printing.guard()
    try:
        # takes a moment, in which somebody may press Ctrl-C
        from weighin._cli.app import run

        code = run()
    except KeyboardInterrupt:
        printing.say("Interrupted.", err=True)
        code = 130
    # not the main thread: nothing interrupts it
    with contextlib.suppress(ValueError):
        # what is left is the interpreter's own cleaning up
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if reason := printing.lost():
        printing.say(f"Not everything could be printed: {reason}.", err=True)
    sys.exit(code)
