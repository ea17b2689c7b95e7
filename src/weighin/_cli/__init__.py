"""The command line: one file per verb."""

from __future__ import annotations

import contextlib
import signal
import sys


def main() -> None:
    """Run the command line; an error is one message on stderr and exit code 1, a usage error 2, Ctrl-C 130."""
    try:
        from weighin._cli.app import run  # takes a moment, in which somebody may press Ctrl-C

        code = run()
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        code = 130
    with contextlib.suppress(ValueError):  # not the main thread: nothing interrupts it
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is left is the interpreter's own cleaning up
    sys.exit(code)
