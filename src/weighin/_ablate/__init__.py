"""What happens to a model that is trained again without some features, or with others."""

from __future__ import annotations

from weighin._ablate._ablation import Ablation
from weighin._ablate._run import ablate

__all__ = ["Ablation", "ablate"]
