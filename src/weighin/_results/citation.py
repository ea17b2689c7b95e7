"""How to cite this package, and what it did, in a paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from weighin._base.errors import InputError, nearest
from weighin._base.versions import provenance
from weighin._results.base import Result

AUTHORS = "The weighin developers"
TITLE = "weighin: permutation importance of trained tabular models, with intervals"


STYLES = ("text", "bibtex")


@dataclass(frozen=True)
class Reference:
    """A paper, by what a list of references needs.

    `authors`: "Family, Given" each, "and" between them.
    `where`: journal or proceedings; `volume`: with number and pages, as printed.
    """

    key: str
    authors: str
    year: int
    title: str
    where: str
    volume: str

    @property
    def short(self) -> str:
        """As it is named in a sentence: "Fisher, Rudin and Dominici 2019"."""
        names = [author.partition(",")[0] for author in self.authors.split(" and ")]
        if len(names) > 3:
            return f"{names[0]} et al. {self.year}"
        return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) + f" {self.year}"

    @property
    def text(self) -> str:
        """A line of a list of references."""
        named = [author.split(", ", 1) for author in self.authors.split(" and ")]
        people = ", ".join(
            f"{family} {''.join(name[0] for name in re.split(r'[ -]', given))}" for family, given in named
        )
        return f"{people} ({self.year}). {self.title}. {self.where} {self.volume}."

    @property
    def bibtex(self) -> str:
        """An entry of BibTeX."""
        kind, field = ("inproceedings", "booktitle") if "Proc" in self.where else ("article", "journal")
        entry = {
            "author": self.authors,
            "title": f"{{{self.title}}}",
            field: self.where,
            "year": str(self.year),
        }
        # "45(1), 5-32", "33, 17212" or pages alone
        parts = re.findall(r"(?:(\d+)(?:\((.+?)\))?, )?(.+)", self.volume)[0]
        named = zip(("volume", "number", "pages"), parts, strict=True)
        entry |= {name: value.replace("\N{EN DASH}", "--") for name, value in named if value}
        return _entry(kind, self.key, entry)


_REFERENCES = (
    Reference(
        "breiman2001", "Breiman, Leo", 2001, "Random Forests", "Machine Learning", "45(1), 5–32",
    ),
    Reference(
        "fisher2019", "Fisher, Aaron and Rudin, Cynthia and Dominici, Francesca", 2019,
        "All Models are Wrong, but Many are Useful: Learning a Variable's Importance by Studying an Entire Class of "
        "Prediction Models Simultaneously", "Journal of Machine Learning Research", "20(177), 1–81",
    ),
    Reference(
        "hall1992", "Hall, Peter", 1992, "On the Removal of Skewness by Transformation",
        "Journal of the Royal Statistical Society: Series B", "54(1), 221–228",
    ),
    Reference(
        "holm1979", "Holm, Sture", 1979, "A Simple Sequentially Rejective Multiple Test Procedure",
        "Scandinavian Journal of Statistics", "6(2), 65–70",
    ),
    Reference(
        "strobl2008", "Strobl, Carolin and Boulesteix, Anne-Laure and Kneib, Thomas and Augustin, Thomas and Zeileis, "
        "Achim", 2008, "Conditional Variable Importance for Random Forests", "BMC Bioinformatics", "9, 307",
    ),
    Reference(
        "casalicchio2018", "Casalicchio, Giuseppe and Molnar, Christoph and Bischl, Bernd", 2018,
        "Visualizing the Feature Importance for Black Box Models", "Proceedings of ECML PKDD", "655–670",
    ),
    Reference(
        "covert2020", "Covert, Ian and Lundberg, Scott and Lee, Su-In", 2020,
        "Understanding Global Feature Contributions With Additive Importance Measures",
        "Advances in Neural Information Processing Systems", "33, 17212–17223",
    ),
    Reference(
        "jansen1999", "Jansen, Michiel", 1999, "Analysis of Variance Designs for Model Output",
        "Computer Physics Communications", "117(1-2), 35–43",
    ),
    Reference(
        "liu2006", "Liu, Ruixue and Owen, Art", 2006,
        "Estimating Mean Dimensionality of Analysis of Variance Decompositions",
        "Journal of the American Statistical Association", "101(474), 712–721",
    ),
    Reference(
        "friedman2001", "Friedman, Jerome", 2001, "Greedy Function Approximation: A Gradient Boosting Machine",
        "Annals of Statistics", "29(5), 1189–1232",
    ),
    Reference(
        "apley2020", "Apley, Daniel and Zhu, Jingyu", 2020,
        "Visualizing the Effects of Predictor Variables in Black Box Supervised Learning Models",
        "Journal of the Royal Statistical Society: Series B", "82(4), 1059–1086",
    ),
    Reference(
        "nadeau2003", "Nadeau, Claude and Bengio, Yoshua", 2003, "Inference for the Generalization Error",
        "Machine Learning", "52(3), 239–281",
    ),
)  # fmt: skip
REFERENCES = {reference.key: reference for reference in _REFERENCES}


def cite(result: Result | None = None, *, style: Literal["text", "bibtex"] = "text") -> str:
    """Cite this package in a paper; with a result, also say what was measured, with the papers it rests on.

    Parameters
    ----------
    result : Result, optional
        Anything that weighin gave. The paragraph about it names its rows, metric,
        shuffles and seed, to paste and shorten.
    style : {"text", "bibtex"}
        A paragraph and a list of references; or the references alone, as BibTeX.

    Returns
    -------
    str
        Lines of text.

    Raises
    ------
    InputError
        If `result` is none, or on another `style`.

    Examples
    --------
    >>> print(cite(style="bibtex").splitlines()[0])
    @software{weighin,
    """
    if style not in STYLES:
        raise InputError(f"style must be 'text' or 'bibtex', got {style!r}.{nearest(style, STYLES)}")
    if result is not None and not isinstance(result, Result):
        raise InputError(f"result must be a result of weighin, got {type(result).__name__}.")
    here = provenance()
    made: Any = here if result is None else {"versions": result.versions, "date": result.date}
    version = str(made["versions"].get("weighin", here["versions"]["weighin"]))
    year = str(made["date"] or here["date"])[:4]
    paragraph = _METHODS[type(result).__name__](result) if type(result).__name__ in _METHODS else ""
    cited = sorted({key for key in re.findall(r"\[(\w+)\]", paragraph) if key in REFERENCES})
    if style == "bibtex":
        own = {"author": f"{{{AUTHORS}}}", "title": f"{{{TITLE}}}", "year": year, "version": version}
        entries = [_entry("software", "weighin", own), *(REFERENCES[key].bibtex for key in cited)]
        return "\n\n".join(entries)
    for key in cited:
        paragraph = paragraph.replace(f"[{key}]", REFERENCES[key].short)
    said = f"{paragraph} We used weighin {version}." if paragraph else ""
    if result is not None and result.simulated:
        said = f"SIMULATED DATA. {said}".strip()
    own_line = f"{AUTHORS} ({year}). {TITLE}. Version {version}."
    return "\n\n".join(filter(None, [said, "\n".join([own_line, *(REFERENCES[key].text for key in cited)])]))


def _entry(kind: str, key: str, fields: dict[str, str]) -> str:
    lines = (f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@{kind}{{{key},\n{''.join(lines)}}}"


def _importance(imp: Any) -> str:
    n_repeats = imp.importances.shape[1]
    metrics = ", ".join(dict.fromkeys(part.metric for part in (imp, *imp.parts)))
    sentences = [
        "We measured feature importance by permutation ([breiman2001]; model reliance, [fisher2019]): how much worse a "
        f"trained model ({imp.model}) predicts {imp.rows}, by {metrics}, when the values of a feature are shuffled "
        f"between rows ({n_repeats} {'shuffle' if n_repeats == 1 else 'shuffles'}, seed {imp.random_state})."
    ]
    if any(part.given for part in (imp, *imp.parts)):
        sentences.append(
            "Importance given other columns ([strobl2008] for the idea) shuffles a feature among rows that are alike "
            "in those columns, and only the part of it that they do not explain."
        )
    if imp.evidence:
        sentences.append(_INTERVALS)
    return " ".join(sentences)


def _shares(parts: Any) -> str:
    return (
        "We split the loss that all features together prevent into Shapley values of the loss under swaps "
        f"([casalicchio2018]; [covert2020] for the idea): {parts.importances.shape[1]} swaps of each row of "
        f"{parts.rows}, each in a random order of the features of its own, {parts.metric}, seed {parts.random_state}. "
        + _INTERVALS
    )


def _interactions(found: Any) -> str:
    return (
        "We measured interactions by the superset importance of pairs of features ([liu2006], estimated after "
        "[jansen1999]): the variance of all effects on the prediction in which both act together, from "
        f"{found.n_repeats} swaps of {found.rows}, seed {found.random_state}. " + _INTERVALS
    )


def _effects(found: Any) -> str:
    return (
        "We describe which way a feature pushes predictions by partial dependence ([friedman2001]) with its interval, "
        f"and by accumulated local effects ([apley2020]), over {found.n_rows:,} rows, seed {found.random_state}."
    )


def _associations(found: Any) -> str:
    return (
        "We measured associations between columns by Spearman's rank correlation (numbers), Cramér's V (categories) "
        f"and the correlation ratio of ranks (one of each), on {found.n_rows:,} rows."
    )


def _comparison(found: Any) -> str:
    how = "row by row, on the same rows and shuffles" if found.paired else "as two independent samples"
    return (
        f"We compared the permutation importances ([fisher2019]) of {found.labels[0]} and {found.labels[1]} {how}, by "
        f"{found.metric}. " + _INTERVALS
    )


def _refits(found: Any) -> str:
    return (
        f"We trained the model {found.fits} times ({found.split}; seed {found.random_state}) and measured permutation "
        f"importance ([fisher2019]) in each fit, by {found.metric}. Intervals speak of the way of training: they take "
        "into account test rows and fits, for random splits with the correction of [nadeau2003]."
    )


def _ablation(found: Any) -> str:
    return (
        f"We trained the model and each variant {found.fits} times, with the same seeds on the same rows "
        f"({found.split}; seed {found.random_state}), and compared them by {found.metric} on held-out rows; a "
        f"change below {found.tolerance:.3g} does not count. Intervals take into account test rows and fits, for "
        "random splits with the correction of [nadeau2003]; verdicts are adjusted for the number of "
        "variants ([holm1979])."
    )


_INTERVALS = (
    "Intervals take rows as the sample, both those that receive values and those that give them, and correct for "
    "skewness ([hall1992]); p-values are adjusted for the number of features ([holm1979])."
)
# by the name of a result's class
_METHODS: dict[str, Callable[[Any], str]] = {
    "Importance": _importance,
    "Shares": _shares,
    "Interactions": _interactions,
    "Effects": _effects,
    "Associations": _associations,
    "Comparison": _comparison,
    "Refits": _refits,
    "Ablation": _ablation,
}
