"""``python -m odd``: do odd and bad calls, and count what comes of them."""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict


def main() -> int:
    """Read the options, call, print counts by class; 1 where anything crashed, hung or was wrong."""
    parser = argparse.ArgumentParser(prog="python -m odd", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--calls", type=int, default=None, help="at most so many; all by default")
    parser.add_argument("--only", default="", help="verbs whose name begins with this")
    parser.add_argument("--what", default="", help="calls whose words have this in them")
    parser.add_argument("--show", default="vague message,crash,wrong number,hang", help="classes to list")
    options = parser.parse_args()

    from odd.call import CLASSES
    from odd.run import all_calls, outcomes

    calls = [c for c in all_calls(options.seed) if c.verb.startswith(options.only) and options.what in c.what]
    calls = calls[: options.calls]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for call, outcome in outcomes(calls):
        counts[call.verb.partition(".")[0].partition("[")[0]][outcome.kind] += 1
        if outcome.kind in options.show.split(","):
            print(f"{outcome.kind}: {call.verb}: {call.what}\n    {outcome.words[:300]!r}", flush=True)
    print(f"\n{'':24}" + "".join(f"{name:>15}" for name in ("calls", *CLASSES)))
    total: Counter[str] = sum(counts.values(), Counter())
    for verb, found in [*sorted(counts.items()), ("all", total)]:
        print(f"{verb:24}{sum(found.values()):>15,}" + "".join(f"{found[name]:>15,}" for name in CLASSES))
    bad = sum(total[name] for name in ("crash", "wrong number", "hang"))
    return int(bad > 0 or total["vague message"] > total.total() / 100)


if __name__ == "__main__":
    sys.exit(main())
