"""The cut of a run of a model whose rows, sampler and metrics are known."""

from __future__ import annotations

from collections.abc import Sequence

from weighin._engine.arrays import memory_of
from weighin._engine.kernels import View
from weighin._engine.measurement import Measurement
from weighin._engine.plan import Plan, Resources, make_plan
from weighin._models import Rows
from weighin._samplers import Sampler, SpreadSampler
from weighin._tables.features import Feature


def plan_for(
    view: View,
    rows: Rows,
    features: Sequence[Feature],
    sampler: Sampler,
    measurement: Measurement,
    resources: Resources,
    n_jobs: int | None,
    chained: bool,
) -> Plan:
    """Cut a run; arguments as for `Session.collect`. `n_jobs`, `chained`: as for `make_plan`."""
    # what is compared on the host has to fit there
    on_device = view.on_device and not measurement.whole and sampler.copies == 1
    return make_plan(
        features,
        n_rows=sampler.n_receivers,
        n_repeats=sampler.n_repeats,
        row_bytes=rows.row_bytes * sampler.copies,
        out_bytes=view.probe.pred[:1].nbytes,
        block_rows=sampler.largest_block,
        whole=measurement.whole,
        # given other columns, what is allowed for is kept as well
        n_metrics=measurement.n_kept * (1 + (sampler.copies > 1))
        if measurement.whole
        else len(measurement.metrics),
        memory=memory_of(view.probe.pred.device, resources.memory) if on_device else resources.memory,
        n_jobs=1 if on_device else n_jobs,
        in_time=resources.batch_seconds is not None,
        row_seconds=view.probe.row_seconds,
        at_once=view.at_once,
        chained=chained,
        own_donors=isinstance(sampler, SpreadSampler),
        on_device=on_device,
        pace=view.probe.pace,
    )
