"""Kill a process that writes files together before each of its steps, and look at what the next one finds.

Run as a program of its own, which forks: `python kills.py FOLDER` prints what happened as JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

from weighin._base.files import replacing, together
from weighin._base.journal import settle

STEPS = ("open", "os.rename", "os.remove", "os.link", "os.chmod", "os.scandir", "shutil.copyfile")
SCENES = {
    "nothing was there": ((), ()),
    "all were there": (("a.json", "b.png", "c.html"), ()),
    "one was there": (("b.png",), ()),
    "a link leads elsewhere": (("a.json", "b.png", "c.html"), ("b.png",)),
    "a link leads to nothing": (("a.json",), ("b.png",)),
}
NAMES = ("a.json", "b.png", "c.html")


def prepare(folder: Path, there: tuple[str, ...], links: tuple[str, ...]) -> None:
    """Lay out old files, some of them behind links."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "elsewhere").mkdir(parents=True)
    for name in NAMES:
        path = folder / name
        if name in links:
            path.symlink_to(folder / "elsewhere" / name)
        if name in there:
            path.write_text(f"old {name}")


def state(folder: Path) -> dict[str, str]:
    """Tell what can be read, and what is hidden."""
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def write(folder: Path) -> None:
    """Write three files together."""
    with together():
        for name in NAMES:
            with replacing(folder / name) as temporary:
                temporary.write_text(f"new {name}")


def clear(folder: Path) -> None:
    """Do what the next process does."""
    settle(folder)
    settle(folder / "elsewhere")


def killed(work, folder: Path, step: int) -> bool:
    """Do it in a child that is killed before its `step`-th step; tell whether it was."""
    child = os.fork()
    if child == 0:
        left = step

        def count(event: str, arguments: tuple) -> None:
            nonlocal left
            if event in STEPS and str(folder) in str(arguments):
                if left == 0:
                    os._exit(9)
                left -= 1

        sys.addaudithook(count)
        work(folder)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def main(folder: Path) -> None:
    """Go through all scenes, all steps of writing and, in one scene, all steps of clearing up."""
    # a killed process, not a power cut: the disk need not be waited for
    os.fsync = lambda handle: None
    outcomes = {}
    for scene, (there, links) in SCENES.items():
        prepare(folder, there, links)
        before, seen, step = state(folder), [], 0
        write(folder)
        after, again = state(folder), True
        while again:
            prepare(folder, there, links)
            again = killed(write, folder, step)
            for other in range(40 if scene == "all were there" and again else 0):
                if not killed(clear, folder, other):
                    break
            clear(folder)
            found = state(folder)
            seen.append("old" if found == before else "new" if found == after else found)
            step += 1
        outcomes[scene] = {"after": after, "seen": seen}
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() / "folder")
