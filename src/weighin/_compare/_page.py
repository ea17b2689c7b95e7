"""A comparison as one page to send around: sentences, table, how it was made; nothing from elsewhere, no script."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from weighin._compare._words import sentences
from weighin._text import printable

if TYPE_CHECKING:
    from weighin._compare._comparison import Comparison

_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:0 auto;padding:1rem;background:Canvas;color:CanvasText}
h1{font-size:1.6rem;line-height:1.25;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2rem 0 .5rem}
p,dd{overflow-wrap:anywhere;max-width:46rem}
.warning{border-left:6px solid #c98a00;padding:.4rem .8rem;font-weight:600}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:0}
dt{opacity:.75}dd{margin:0}
.weighin{print-color-adjust:exact;-webkit-print-color-adjust:exact}
"""
_READING = (
    "A feature's importance is how much worse the metric gets when its values are shuffled between rows. A difference "
    "is that of two importances, each of its own model and rows. Whiskers are 95 % intervals; a pale bar's holds 0: "
    "the two cannot be told apart. Importances do not add up, and correlated columns stand in for each other."
)


def page_of(comparison: Comparison, title: str, table: str) -> str:
    """Write the page around the table."""
    warning = '<p class="warning">SIMULATED DATA: rows were made up.</p>' if comparison.simulated else ""
    said = "\n".join(f"<p>{_text(sentence)}</p>" for sentence in sentences(comparison))
    made = "\n".join(
        f"<dt>{_text(term)}</dt><dd>{_text(text)}</dd>" for term, text in _made(comparison) if text
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="weighin">
<title>{_text(title)}</title>
<link rel="icon" href="data:,">
<style>{_STYLE}</style>
</head>
<body>
<main>
{warning}
<h1>{_text(title)}</h1>
{said}
<h2>Numbers</h2>
{table}
<h2>How to read this</h2>
<p>{_text(_READING)}</p>
<h2>How it was made</h2>
<dl>
{made}
</dl>
</main>
</body>
</html>
"""


def _made(comparison: Comparison) -> list[tuple[str, str]]:
    pairs = [("Metric", comparison.metric)]
    for label, model, rows, n_rows in zip(
        comparison.labels, comparison.models, comparison.rows, comparison.n_rows, strict=True
    ):
        pairs.append((label, f"{model or 'a model'}, on {rows or f'{n_rows:,} rows'}"))
    versions = ", ".join(f"{name} {version}" for name, version in comparison.versions.items())
    return [*pairs, ("Versions", versions), ("Date", comparison.date)]


def _text(text: str) -> str:
    return escape(printable(text), quote=True)
