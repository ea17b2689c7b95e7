"""What a page of a result is made of, as JSON."""

from __future__ import annotations

import dataclasses
import json
from typing import Any


def page_texts(result: Any) -> dict[str, str]:
    """Give what a page shows besides the first table: warnings, sentences, charts and their numbers."""
    telling = result.tell()
    charts = [_plain(chart) for chart in telling.charts]
    rest = {name: getattr(telling, name) for name in ("kicker", "warnings", "made", "command", "reading")}
    return {
        "page": _json({**rest, "sections": [_plain(section) for section in telling.sections]}),
        "page rows": _json(charts),
    }


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {entry.name: getattr(value, entry.name) for entry in dataclasses.fields(value)}
    return value.tolist() if hasattr(value, "tolist") else str(value)
