"""Draw the pictures of the README: ``make pictures``."""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

from rich.console import Console

import weighin
from weighin import _plots
from weighin._cli._demo import demo

HERE = Path(__file__).parent / "pictures"


def main() -> None:
    """Run the demo and keep its chart and its table."""
    with tempfile.TemporaryDirectory() as folder:
        demo(folder=Path(folder) / "demo", seed=0, force=False)
        imp = weighin.Importance.load(Path(folder) / "demo" / "importance.json")
    _plots.save(lambda ax: imp.plot(ax=ax), HERE / "importance.png")
    console = Console(record=True, width=88, file=io.StringIO())
    console.print(imp)
    svg = console.export_svg(title="weighin demo")
    # no fonts from elsewhere: the reader's monospace font will do
    (HERE / "table.svg").write_text(re.sub(r"@font-face \{[^}]*\}", "", svg), encoding="utf-8")


if __name__ == "__main__":
    main()
