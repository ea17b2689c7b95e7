"""What results are made of: classes to name in type hints, and for results of your own.

`Result`
    What every result derives from: it tells, and every view shows what it tells.
`Telling`
    What `tell` gives: table, sentences, notes, charts as plain values.
`Change`, `Verdict`
    Of a variant in an `Ablation`: scores and change of the metric; what is to be said of it.
`Curve`, `MoveChances`
    Of a feature in `Effects`: a mean curve with its variance; what its direction follows from.
`CloseColumn`
    Of a column in `Associations`: another that goes with it.
`Surface`, `SurfaceAxis`, `Dependence`
    Of a pair in `Interactions`: what is predicted for values of both, these, and how one effect depends on the other.
`Rounded`
    A number and its interval as they are written.
`PartTerms`, `PartSums`
    Of a `Part`: what parts have to agree on to be joined; what it adds for one metric, on all rows or a segment.
`Allowing`, `Evidence`, `Inference`, `Link`, `RowChanges`, `Spread`
    What intervals are made of.

Examples
--------
>>> import numpy as np
>>> from weighin import Importance
>>> from weighin.results import Result, Telling
>>> def first_sentence(result: Result) -> str:
...     telling: Telling = result.tell()
...     return telling.sentences[0]
>>> imp = Importance(("spread", "week"), np.array([[7.0], [0.1]]), 12.5, "mae", False, 730)
>>> first_sentence(imp)
'Before any shuffle the average miss is 12.5, on 730 rows.'
"""

from weighin._display.numbers import Rounded
from weighin._display.telling import Telling
from weighin._inference import Allowing, Evidence, Inference, Link, RowChanges
from weighin._inference.refits import Spread
from weighin._results.associations_words import CloseColumn
from weighin._results.base import Result
from weighin._results.change import Change, Verdict
from weighin._results.curves import Curve
from weighin._results.directions import MoveChances
from weighin._results.surface import Dependence, Surface, SurfaceAxis
from weighin._weigh.parts.part import PartSums, PartTerms

__all__ = [
    "Allowing",
    "Change",
    "CloseColumn",
    "Curve",
    "Dependence",
    "Evidence",
    "Inference",
    "Link",
    "MoveChances",
    "PartSums",
    "PartTerms",
    "Result",
    "Rounded",
    "RowChanges",
    "Spread",
    "Surface",
    "SurfaceAxis",
    "Telling",
    "Verdict",
]
