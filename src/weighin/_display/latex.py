"""What a result says, as a LaTeX table."""

from __future__ import annotations

from weighin._base.text import printable
from weighin._display.numbers import MINUS
from weighin._display.telling import Telling

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    MINUS: r"$-$", "∞": r"$\infty$", "±": r"$\pm$", "≥": r"$\geq$", "≤": r"$\leq$", "∩": r"$\cap$",
    "\N{UNION}": r"$\cup$", "↗": r"$\nearrow$", "↘": r"$\searrow$", "→": r"$\rightarrow$", "∿": r"$\sim$",
    "⇅": r"$\updownarrow$", "…": r"\ldots{}",
}  # fmt: skip


def latex(telling: Telling) -> str:
    r"""Write a ``table`` with caption in the style of booktabs (``\usepackage{booktabs}``)."""
    lines = [r"\begin{table}", r"\centering"]
    for table in telling.tables[:1]:
        kinds = "".join("l" if column.kind == "text" else "r" for column in table.columns)
        remarks = " ".join(_safe(line) for line in telling.under)
        lines += [
            rf"\caption{{{_safe(table.heading)}. {remarks}}}",
            rf"\begin{{tabular}}{{l{kinds}}}",
            r"\toprule",
        ]
        lines += [_line([table.first, *(column.label for column in table.columns)]), r"\midrule"]
        lines += [
            _line([f"{row.name} {row.sign}".rstrip(), *row.cells], bold=row.claimed) for row in table.rows
        ]
        lines += [r"\bottomrule", r"\end{tabular}"]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def _line(texts: list[str], *, bold: bool = False) -> str:
    cells = [_safe(text) for text in texts]
    if bold:
        cells = [rf"\textbf{{{cell}}}" if cell else "" for cell in cells]
    return " & ".join(cells) + r" \\"


def _safe(text: str) -> str:
    return "".join(_SPECIAL.get(letter, letter) for letter in printable(text))
