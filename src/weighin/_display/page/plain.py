"""A page of sentences and tables around what is given, in the look of the others: no script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from weighin._display.notebook import table_html
from weighin._display.page.names import plain
from weighin._display.telling import Telling

_MORE = """
main .weighin.weighin { font-size: .95rem; }
main .weighin.weighin thead th { opacity: 1; }
/* the section has the same heading: for those who hear it */
main .weighin.weighin caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
main .weighin.weighin td.words { white-space: normal; max-width: 22em; }
main .weighin.weighin th:first-child { padding-left: .2rem; }
main .weighin.weighin th, main .weighin.weighin td { vertical-align: middle; }
"""


# sentences under the headline; the others have a section of their own
MOST_LEADS = 5


def page_of_telling(
    telling: Telling, *, title: str | None = None, pictures: Sequence[tuple[str, str]] = ()
) -> str:
    """Write the page of any result.

    Parameters
    ----------
    telling : Telling
        What it says.
    title : str, optional
        Instead of its own.
    pictures : sequence of (heading, content)
        Sections between sentences and tables; contents are HTML, safe already.
    """
    leads, others = telling.sentences[:MOST_LEADS], telling.sentences[MOST_LEADS:]
    sections = [("What else was found", bullets(others))] if others else []
    sections += [*pictures, *((table.heading, table_html(table, most=None)) for table in telling.tables)]
    if telling.reading:
        sections.append(("How to read this", "\n".join(f"<p>{safe(text)}</p>" for text in telling.reading)))
    return plain_page(
        title or telling.title,
        kicker=telling.kicker,
        leads=leads,
        sections=sections,
        made=telling.made,
        simulated=telling.simulated,
        notes=telling.notes,
    )


def plain_page(
    title: str,
    *,
    kicker: str,
    leads: Sequence[str],
    sections: Sequence[tuple[str, str]],
    made: Sequence[tuple[str, str]],
    simulated: bool,
    notes: Sequence[str] = (),
) -> str:
    """Write a page.

    Parameters
    ----------
    title : str
        Of the window, and the headline.
    kicker : str
        Over the headline.
    leads : sequence of str
        Sentences under it.
    sections : sequence of (heading, content)
        Contents are HTML, safe already.
    made : sequence of (term, text)
        How it was made; a pair without text is left out.
    simulated : bool
        Whether the data were made up: a banner says so.
    notes : sequence of str
        What a reader must know.
    """
    css = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
    told = "\n".join(f'<p class="lead">{safe(lead)}</p>' for lead in leads)
    parts = "\n".join(_section(heading, content) for heading, content in sections)
    pairs = "\n".join(f"<div><dt>{safe(term)}</dt><dd>{safe(text)}</dd></div>" for term, text in made if text)
    noted = f"<h3>Notes</h3>\n{bullets(notes)}" if notes else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="weighin">
<title>{"SIMULATED DATA - " * simulated}{safe(title)}</title>
<link rel="icon" href="data:,">
<style>{css}{_MORE}</style>
</head>
<body>
{_SIMULATED if simulated else ""}
<header class="top">
<p class="kicker">{safe(kicker)}</p>
<h1>{safe(title)}</h1>
{told}
</header>
<main id="main">
{parts}
<section id="made">
<h2>How it was made</h2>
<dl class="made">
{pairs}
</dl>
{noted}
</section>
</main>
<footer><p>Made with weighin. One file: it asks no server for anything.</p></footer>
</body>
</html>
"""


_SIMULATED = """<aside class="warnings" aria-label="Warnings">
<p class="warning"><strong>SIMULATED DATA.</strong> The rows behind every number on this page were made up. They say
nothing about the real world.</p>
</aside>"""


def bullets(sentences: Sequence[str]) -> str:
    """Write sentences below each other."""
    return "<ul>" + "\n".join(f"<li>{safe(sentence)}</li>" for sentence in sentences) + "</ul>"


def safe(text: str) -> str:
    """Write a text as nothing but text."""
    return escape(plain(text), quote=True)


def _section(heading: str, content: str) -> str:
    return f"<section>\n<h2>{safe(heading)}</h2>\n{content}\n</section>"
