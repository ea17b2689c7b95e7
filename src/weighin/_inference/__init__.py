"""Moments in, intervals and p-values out; knows nothing of models and frames.

How the engine calls it, batch by batch of donor-closed blocks:

1. ``Moments.of(changes, donors, before)``: `changes` (n_units, n_repeats, m) is loss after minus loss before, turned so
   that positive is worse; `donors` (n_repeats, m) positions in the batch; `before` (m,) the loss before any swap.
   ``weights=`` for sample weights, ``segment=`` for one group of receivers (one `Moments` for each). Fastest block by
   block, which fits the cache; any number of threads.
2. Add the moments of all batches, threads, files: ``total = total + more``. With strata, keep one sum for each.
3. ``infer(total)`` or ``infer([stratum, ...])`` gives an `Inference`: estimate, se, se_data, se_shuffle, few_rows,
   ``interval(confidence_level)``, ``pvalue``; ``.ignoring(mask)`` for features the model cannot see.
   ``infer(total, link.change)`` and ``link.relative`` report what a link makes of means: see `links`.
4. ``difference(total, a, b)``: two units. Units that share a `Moments` only; many units may be cut into several,
   of about 30, so that cost grows with their number and not its square.
5. ``repeats_needed(total)`` after 5 repeats for ``n_repeats="auto"``; ``holm`` for tables.
6. Metrics that are no mean over rows: ``auc_values`` gives `changes` for 1. from the predictions of all rows.
   Anything else: ``delete_one_block``.
"""

from weighin._inference.estimates import (
    contrast,
    difference,
    few_rows,
    infer,
    means,
    pair,
    repeats_needed,
)
from weighin._inference.evidence import JSON_SCHEMA as EVIDENCE_SCHEMA
from weighin._inference.evidence import Evidence
from weighin._inference.evidence import from_json as evidence_from_json
from weighin._inference.evidence import to_json as evidence_to_json
from weighin._inference.given import GivenMoments
from weighin._inference.given_evidence import GivenEvidence
from weighin._inference.given_paired import GivenSwaps, free_and_given, given_paired
from weighin._inference.influence import (
    auc_values,
    average_precision_values,
    delete_one_block,
)
from weighin._inference.intervals import Allowing, Inference, chosen, holm, joined, two_sided, unknown
from weighin._inference.left_out import LeftOut
from weighin._inference.links import (
    EXPONENTIAL,
    IDENTITY,
    LINKS,
    POOLED,
    R_SQUARED,
    ROOT,
    Function,
    Link,
    Means,
)
from weighin._inference.moments import Moments
from weighin._inference.parts import Parts
from weighin._inference.row_changes import RowChanges
from weighin._inference.stages import NOT_TOGETHER, Stages, Staging
from weighin._inference.strata import Strata

__all__ = [
    "EVIDENCE_SCHEMA",
    "EXPONENTIAL",
    "IDENTITY",
    "LINKS",
    "NOT_TOGETHER",
    "POOLED",
    "ROOT",
    "R_SQUARED",
    "Allowing",
    "Evidence",
    "Function",
    "GivenEvidence",
    "GivenMoments",
    "GivenSwaps",
    "Inference",
    "LeftOut",
    "Link",
    "Means",
    "Moments",
    "Parts",
    "RowChanges",
    "Stages",
    "Staging",
    "Strata",
    "auc_values",
    "average_precision_values",
    "chosen",
    "contrast",
    "delete_one_block",
    "difference",
    "evidence_from_json",
    "evidence_to_json",
    "few_rows",
    "free_and_given",
    "given_paired",
    "holm",
    "infer",
    "joined",
    "means",
    "pair",
    "repeats_needed",
    "two_sided",
    "unknown",
]
