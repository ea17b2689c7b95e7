"""What a page is made of, without the scripts it brings along."""

from __future__ import annotations

import re


def without_scripts(page: str) -> str:
    """The page as its reader sees it: no scripts, no style, no licences of the scripts."""
    page = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.S)
    return re.sub(r'<details class="licences">.*?</details>', "", page, flags=re.S)


def asks_nobody(page: str) -> bool:
    """Whether nothing in it leads elsewhere, and no script runs that its own policy does not name."""
    (allowed,) = re.findall(r"script-src ([^;]*);", page)
    named = allowed == "'none'" or all(source.startswith("'sha256-") for source in allowed.split())
    text = re.sub(r"xmlns(:\w+)?=\"[^\"]*\"", "", without_scripts(page))
    elsewhere = re.search(r"(?:src|href|srcset|action)=\"(?!data:|#)|url\((?!#)|@import", text)
    return named and "default-src 'none'" in page and elsewhere is None
