"""What fits are judged by: a metric, its direction, and what the models' outputs mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from weighin._metrics import Metric, asked_outputs, resolve_metric
from weighin._models import Model, as_model
from weighin._models.protocol import Encoded


@dataclass(frozen=True)
class Criterion:
    """As `weigh` takes them."""

    metric: Any = None
    # its direction, where weighin does not know it
    greater_is_better: bool | None = None
    outputs: str | None = None
    classes: Sequence[Any] | None = None

    def __post_init__(self) -> None:
        asked_outputs(self.outputs, self.classes)

    def adapt(self, model: Any) -> Model:
        """A trained model, read as its outputs are meant."""
        return as_model(model, outputs=self.outputs, classes=self.classes)

    def resolve(self, model: Model, data: Encoded) -> Metric:
        """The metric of such a model on such rows."""
        return resolve_metric(self.metric, self.greater_is_better, model.metric_context(data))

    @property
    def options(self) -> dict[str, Any]:
        """Arguments of `weigh`."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
