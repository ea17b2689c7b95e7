"""The comparisons as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.harness import Comparison, Entry

NAMES = ("article", "sklearn", "captum", "plain", "weighin")
FLOORS = {"W1x30": 60, "W2": 75, "W3": 90, "W4": 65}
MUST = {  # issue 2 of 5: against the article, against scikit-learn
    "W1x1": (55, 1.6),
    "W1x30": (100, 2.5),
    "W2": (155, 3.2),
    "W3": (175, 4),
    "W4": (130, 2.5),
    "HGB": (None, 1.3),
}
EXPLANATION = """\
Medians of runs taken in turns; ratios are medians of the ratios within a round, so a busy neighbour hurts all
alike. Timed, for everyone: encoded rows and a ready model go in, importances come out. Everyone has the same
permutations (those that scikit-learn draws); results are asserted equal, shuffle by shuffle.

- **article**: the column of the loader's items shuffled, `learn.validate(dl=dl)`, batches of 64.
- **sklearn**: `permutation_importance` around a wrapper whose predict is a chunked forward in inference mode.
- **captum**: `FeaturePermutation` around the same forward, called once per shuffle.
- **plain**: a torch loop over chunks, the column replaced in place. For trees: a numpy loop.
- Chunk sizes, ways to use threads (torch's, one per chunk, one per feature), stacked shuffles and several
  perturbations per call were tried for each; the fastest combination is used and shown.
- `~`: timed on some features or shuffles (the article's on one of each), scaled by the number of forwards.
- **head / peak**: the arithmetic of the layers after the first, once per row and shuffled feature, over what
  float32 matrix products reach in the same round (the faster of the layers' shapes and a square of 2,048).
  Table look-ups and skipped rows can lift it over 100 %.
- **from raw rows**: encoding included; for weighin, intervals too, with its own permutations.
- **memory**: the most resident memory beyond the model and the encoded rows, in a process of its own.
"""


def seconds(value: float | None) -> str:
    """A time as people write it."""
    if value is None:
        return "-"
    if value < 1:
        return f"{value * 1e3:.3g} ms"
    return f"{value:.3g} s" if value < 1000 else f"{value:,.0f} s"


def times(value: float | None) -> str:
    """A ratio as people write it."""
    return "-" if value is None else f"{value:.2g}x" if value < 10 else f"{value:,.0f}x"


def percent(value: float | None) -> str:
    """A share as people write it."""
    return "-" if value is None else f"{100 * value:.0f} %"


def markdown(
    comparisons: Sequence[Comparison], machine: dict[str, str], import_time: float, quick: bool
) -> str:
    """The whole page."""
    note = "\n**A quick run: fewer rows, fewer rounds. The ratios are only a hint.**\n" if quick else ""
    page = [
        "# How fast weighin is",
        "Written by `python -m benchmarks`." + note,
        EXPLANATION,
        "## Times",
        _times(comparisons),
        _legend(comparisons),
        "## How many times faster weighin is",
        _ratios(comparisons),
        "## Arithmetic, memory, whole job",
        _details(comparisons),
        "## The settings that were fastest, and how far the results agree",
        _settings(comparisons),
        "## Machine",
        _table(["", ""], [[key, value] for key, value in machine.items()]),
        f"`import weighin` over a bare interpreter: {seconds(import_time)} (median of 10; at most 150 ms).",
    ]
    return "\n\n".join(part.strip() for part in page) + "\n"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _legend(comparisons: Sequence[Comparison]) -> str:
    return "\n".join(f"- {c.job.name}: {c.job.title}; {len(c.square_rates)} rounds" for c in comparisons)


def _times(comparisons: Sequence[Comparison]) -> str:
    rows = [[c.job.name, *(_time(c.entries.get(name)) for name in NAMES)] for c in comparisons]
    return _table(["workload", *NAMES], rows)


def _time(entry: Entry | None) -> str:
    return "-" if entry is None else ("~" if entry.scale > 1 else "") + seconds(entry.typical)


def _ratios(comparisons: Sequence[Comparison]) -> str:
    rows = []
    for c in comparisons:
        wanted = dict(zip(("article", "sklearn"), MUST.get(c.job.name, (None, None)), strict=True))
        cells = []
        for name in NAMES[:-1]:
            goal = f" (must: {wanted[name]}x)" if wanted.get(name) else ""
            cells.append(times(c.ratio(name)) + goal)
        rows.append([c.job.name, *cells])
    return _table(["workload", *(f"against {name}" for name in NAMES[:-1])], rows)


def _details(comparisons: Sequence[Comparison]) -> str:
    rows = []
    for c in comparisons:
        own, article, goal = c.entries.get("weighin"), c.entries.get("article"), FLOORS.get(c.job.name)
        rates = f"{max(c.head_rates):.0f} / {max(c.square_rates):.0f}" if c.job.linear_shapes() else "-"
        memory = [_memory(c.entries.get(name)) for name in ("weighin", "sklearn", "captum", "plain")]
        rows.append(
            [
                c.job.name,
                percent(c.share_of_peak("weighin")) + (f" (must: {goal} %)" if goal else ""),
                percent(c.share_of_peak("plain")),
                rates,
                seconds(own.whole if own else None),
                seconds(article.whole if article else None),
                " / ".join(memory),
            ]
        )
    header = ["workload", "head / peak", "of plain", "GFLOP/s at the head's shapes / square", "from raw rows"]
    return _table([*header, "article from raw rows", "memory, MiB: weighin / sklearn / captum / plain"], rows)


def _memory(entry: Entry | None) -> str:
    return "-" if entry is None or entry.memory is None else f"{entry.memory:.0f}"


def _settings(comparisons: Sequence[Comparison]) -> str:
    rows = []
    for c in comparisons:
        for entry in c.entries.values():
            shown = ", ".join(f"{key} {value}" for key, value in entry.setting.items())
            timed = f"{len(entry.columns)} features x {entry.n_repeats}"
            runs, apart = str(len(entry.seconds)), f"{entry.difference:.0e}"
            rows.append([c.job.name, entry.name, shown or "-", timed, runs, apart])
    header = ["workload", "contender", "setting", "timed", "runs", "largest difference / largest importance"]
    return _table(header, rows)
