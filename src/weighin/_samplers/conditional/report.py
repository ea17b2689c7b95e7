"""What a reader has to know of a swap given other columns."""

from __future__ import annotations

from dataclasses import dataclass

from weighin._samplers.conditional.columns import Unit

# own share below which a unit cannot be told from the given columns, and below which little is left to swap
INSEPARABLE = 0.001
LITTLE_LEFT = 0.02
LARGE_ALLOWANCE = 0.5
LARGE_LEVERAGE = 0.3
# fewer rows than were ever simulated; more than that, and errors of the fit itself show in p-values
FEW_ROWS = 200
MANY_ROWS = 20_000


@dataclass(frozen=True)
class GivenReport:
    """What the given columns explain of a unit.

    `own_share`: Share of its variance that they leave: 1 for none explained.
    `lam`: Share of the change a right model would show that the fit's own error may make: the allowance.
    `leverage`: Mean share of each row's value in its own fit. `n_fit`: Rows that were fitted on.
    `companions`: Given columns that explain most, each alone, and the share it explains; largest first.
    `inseparable_from`: Given columns that leave nothing of it: no importance given these can be told.
    `notes`: Sentences, for whoever reads the numbers.
    """

    own_share: float
    lam: float
    leverage: float
    n_fit: int
    companions: tuple[tuple[str, float], ...] = ()
    inseparable_from: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        unit: Unit,
        *,
        own_share: float,
        lam: float,
        leverage: float,
        n_fit: int,
        n_rows: int,
        companions: tuple[tuple[str, float], ...],
        inseparable_from: tuple[str, ...],
    ) -> GivenReport:
        """Put the sentences to the numbers."""
        notes = []
        if unit.given and not inseparable_from:
            if own_share < LITTLE_LEFT:
                notes.append(
                    f"The given columns explain {100 * (1 - own_share):.1f} % of {unit.name!r}: "
                    "what is left to swap is little, and the number rests on it."
                )
            if lam > LARGE_ALLOWANCE:
                notes.append(
                    f"How {unit.name!r} depends on the given columns is not well known from these rows "
                    f"(allowance {lam:.2f}): a small importance may be theirs."
                )
            if leverage > LARGE_LEVERAGE:
                notes.append(f"There are few rows for the columns that {unit.name!r} is given.")
            if n_rows < FEW_ROWS:
                notes.append(
                    f"Importance given other columns has not been studied on fewer than {FEW_ROWS} rows."
                )
            if n_rows > MANY_ROWS:
                notes.append(
                    f"With more than {MANY_ROWS:,} rows, p-values of features that only stand in for others "
                    "are too small: errors of the fit itself begin to show."
                )
        return cls(own_share, lam, leverage, n_fit, companions, inseparable_from, tuple(notes))
