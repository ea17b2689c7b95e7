"""What to do next, for a page: what the numbers of an importance suggest, with the call that does it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from weighin._base.text import named, printable
from weighin._display.telling import Step
from weighin._results.given_words import report_of
from weighin._results.importance_numbers import ImportanceNumbers
from weighin._results.importance_sentences import BARELY, Words

# features that a call names
MOST_NAMES = 8
# learning more about the same rows lowers the standard error to what rows leave of it: this part is little
SHUFFLES_MATTER = 0.5


def steps(numbers: ImportanceNumbers, other: ImportanceNumbers | None, level: float) -> list[Step]:
    """Suggest what to do next, the most urgent first.

    `numbers`, `other`: what was measured, and the same shuffled in a second way, if it was. `level`: of what is
    claimed.
    """
    words = Words(numbers, printable, level)
    return [
        *_rows(numbers),
        *_drop(words),
        *_group(numbers, other),
        *_given(words),
        *_certainty(words),
        *_look(words),
    ]


def _rows(numbers: ImportanceNumbers) -> list[Step]:
    if not numbers.on_training_rows:
        return []
    why = "Some of these rows trained the model. Rows it has not seen say what it relies on there."
    return [Step("Weigh it on new rows", why, _weigh(numbers, "new_rows"))]


def _drop(words: Words) -> list[Step]:
    """Suggest to train without what the model barely uses."""
    numbers, top = words.numbers, words.top
    little = [place for place in words.unclear if words.upper[place] <= BARELY * top]
    names = [numbers.features[place] for place in (*little, *words.still, *words.unread)]
    names = [name for name in names if name not in numbers.groups][:MOST_NAMES]
    if not names or not words.heavy:
        return []
    why = (
        f"This model barely uses {named(names)}. Whether a model trained without loses anything, only training "
        "again can tell; one that stands in for another may be missed once that is gone, too."
    )
    together = [names, *names] if len(names) > 1 else names
    call = (
        _shell(numbers, "ablate", "--drop", ",".join(names))
        or f"weighin.ablate(recipe, table, drop={together!r})"
    )
    return [Step("Try to drop what it barely uses", why, call)]


def _group(numbers: ImportanceNumbers, other: ImportanceNumbers | None) -> list[Step]:
    """Suggest to weigh together what carries the same information, and what cannot be told apart."""
    found = list(numbers.associations.clusters) if numbers.associations is not None else []
    for part in (numbers, other):
        for name in () if part is None else part.features:
            report = report_of(numbers if part is None else part, name)
            if report.inseparable_from:
                found.append((name, *report.inseparable_from))
    known = [set(members) for members in numbers.groups.values()]
    fresh: dict[frozenset[str], Sequence[str]] = {}
    for members in found:
        if set(members) not in known and set(members) <= set(numbers.features):
            fresh.setdefault(frozenset(members), members)
    if not fresh:
        return []
    together = list(fresh.values())[:3]
    groups = {
        " and ".join(members[:2]) + " and more" * (len(members) > 2): [*members] for members in together
    }
    why = (
        f"{'; '.join(map(named, together))} carry much the same information: shuffled alone, each leaves it in place "
        "in the others. Shuffled together they show what they are worth."
    )
    return [Step("Weigh as a group what goes together", why, _weigh(numbers, groups=groups))]


def _given(words: Words) -> list[Step]:
    """Suggest to ask what each column tells beyond the others."""
    numbers, known = words.numbers, words.numbers.associations
    if known is None or any(numbers.givens) or not words.heavy or not numbers.evidence:
        return []
    close = [
        numbers.features[place]
        for place in words.heavy
        if numbers.features[place] in known.features and known[numbers.features[place]].close
    ]
    if not close:
        return []
    why = (
        f"{named(close)} {'goes' if len(close) == 1 else 'go'} with other columns, which may carry the same."
    )
    return [Step("Ask what each column tells beyond the others", why, _weigh(numbers, given=[None, "rest"]))]


def _certainty(words: Words) -> list[Step]:
    """Suggest more rows, or more shuffles, for what cannot be told apart from zero and may still matter."""
    numbers = words.numbers
    open_ = [place for place in words.unclear if words.upper[place] > BARELY * words.top]
    few = [numbers.features[place] for place in words.few]
    if not open_ and not few:
        return []
    names = [*(numbers.features[place] for place in open_), *few]
    of_shuffles = [
        place for place in open_ if numbers.se_shuffle[place] > SHUFFLES_MATTER * numbers.se[place]
    ]
    if open_ and not few and len(of_shuffles) == len(open_):
        why = f"For {named(names)} most of the uncertainty comes from shuffling: more shuffles lower it."
        return [Step("Shuffle more often", why, _weigh(numbers, n_repeats=4 * numbers.n_repeats))]
    why = (
        f"Nothing can be said of {named(names)} on these rows. An interval is half as wide on four times as many rows "
        "of the same kind."
    )
    return [Step("Get more rows", why, _weigh(numbers, "more_rows"))]


def _look(words: Words) -> list[Step]:
    """Suggest to see what is not known yet, and to look at what harms."""
    numbers, found = words.numbers, []
    if words.harmful:
        names = named([numbers.features[place] for place in words.harmful])
        why = f"The model gets better when {names} is shuffled: what it learned there does not hold on these rows."
        call = f"weighin.effects(model, rows, {[numbers.features[place] for place in words.harmful]!r})"
        found.append(Step(f"Look at {names}", why, call))
    if numbers.effects is None and not any(numbers.directions.values()):
        why = "An importance says how much a feature counts, not which way it pushes the prediction."
        call = 'imp.to_html("page.html", also=[weighin.effects(model, rows), weighin.associations(rows)])'
        found.append(Step("See which way features push", why, call))
    return found


def _weigh(
    numbers: ImportanceNumbers,
    rows: str = "rows",
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    given: list[str | None] | None = None,
    n_repeats: int | None = None,
) -> str:
    """Write the call, or the command where a command gave these numbers."""
    asked = {"metric": numbers.metric, "groups": groups, "given": given, "n_repeats": n_repeats}
    options = [
        f"--group={name.replace(' ', '_')}={','.join(members)}" for name, members in (groups or {}).items()
    ]
    options += ["--given=rest"] * bool(given) + [f"--n-repeats={n_repeats}"] * bool(n_repeats)
    shell = _shell(numbers, "run", *options) if rows == "rows" else ""
    arguments = ", ".join(f"{name}={value!r}" for name, value in asked.items() if value)
    return shell or f"weighin.weigh(model, {rows}, {arguments})"


def _shell(numbers: ImportanceNumbers, verb: str, *options: str) -> str:
    """Write a command on the same files; nothing where no command named them."""
    try:
        parts = shlex.split(numbers.command)
    except ValueError:
        return ""
    if parts[1:2] != ["run"] or len(parts) < 4 or any(part.startswith("-") for part in parts[2:4]):
        return ""
    return shlex.join([parts[0], verb, *parts[2:4], *options])
