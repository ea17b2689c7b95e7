"""The verbs together, and what their errors look like."""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer

import weighin
from weighin._base.errors import WeighinError
from weighin._cli import ablate as _ablate
from weighin._cli import associations as _associations
from weighin._cli import cfbd as _cfbd
from weighin._cli import cfbd_ablate as _cfbd_ablate
from weighin._cli import compare as _compare
from weighin._cli import demo as _demo
from weighin._cli import doctor as _doctor
from weighin._cli import effects as _effects
from weighin._cli import interactions as _interactions
from weighin._cli import report as _report
from weighin._cli import run as _run
from weighin._cli import schema as _schema
from weighin._cli import shares as _shares
from weighin._cli import train as _train
from weighin._cli.printing import say
from weighin._cli.words import in_shell_words

# the base of usage errors, from whichever click typer carries
_USAGE_ERROR: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")

app = typer.Typer(
    name="weighin",
    help="Which features does a trained tabular network rely on, how much, and how sure can you be?",
    no_args_is_help=True,
    # boxes leave little room for words in 80 columns
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
VERBS = (
    ("demo", _demo.demo, "From no data to a picture, on a simulated league."),
    ("run", _run.run, "Weigh the features of a trained model on a table."),
    ("shares", _shares.shares, "How much of the loss features prevent: parts that add up."),
    ("effects", _effects.effects, "Which way each feature pushes predictions, and how far."),
    ("interactions", _interactions.interactions, "Which features act together, and how much."),
    ("associations", _associations.associations, "Columns that go together and stand in for each other."),
    ("compare", _compare.compare, "What weighs more or less in one result than in another."),
    ("ablate", _ablate.ablate, "Train again without some features, and with others."),
    ("report", _report.report, "A result as one HTML page."),
    ("schema", _schema.schema, "What is in saved results, as JSON schemas."),
    ("doctor", _doctor.doctor, "What is installed, fast and missing, for reports of faults."),
)
VERBS_OF_CFBD = (
    ("train", _train.train, "Train the article's network on a table of games."),
    ("ablate", _cfbd_ablate.ablate, "Train that network without some features, and with others."),
)
for _group, _verbs in ((app, VERBS), (_cfbd.app, VERBS_OF_CFBD)):
    for _name, _verb, _words in _verbs:
        _group.command(_name, short_help=_words)(_verb)
app.add_typer(_cfbd.app, name="cfbd", short_help="Real seasons of college football.")


def _show_version(wanted: bool) -> None:
    if wanted:
        say(f"weighin {weighin.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and stop."),
    ] = False,
) -> None:
    """Which features does a trained tabular network weigh, how much, and how sure are you?"""


def run() -> int:
    """Run the command line and give its exit code: an error is one message on stderr and 1, a usage error 2."""
    try:
        code: int = app(prog_name="weighin", standalone_mode=False) or 0
        # typer turns Ctrl-C into this without a word
        if code == 130:
            say("Interrupted.", err=True)
        return code
    except _USAGE_ERROR as error:
        error.show()
        return int(error.exit_code)
    except typer.Abort:
        say("Interrupted.", err=True)
        return 130
    except (WeighinError, OSError) as error:
        # arguments are called by the options they are given with
        what = str(error)
        if not isinstance(error, WeighinError) and error.strerror:
            what = ": ".join(map(str, filter(None, [error.strerror, error.filename]))) + "."
        say("\n".join([f"weighin: {in_shell_words(what)}", *getattr(error, "__notes__", ())]), err=True)
        return 1
    except MemoryError as error:
        say(
            f"weighin: not enough memory{f': {error}' if str(error) else ''}. Use fewer rows.",
            err=True,
        )
        return 1
    except Exception as error:
        if os.environ.get("WEIGHIN_TRACEBACK"):
            raise
        last = traceback.extract_tb(error.__traceback__)[-1]
        say(
            f"weighin: unexpected {type(error).__name__}: {error} ({Path(last.filename).name}, line {last.lineno}). "
            "This is a fault of weighin; WEIGHIN_TRACEBACK=1 shows where it comes from.",
            err=True,
        )
        return 1
