"""Boosters in the formats of their own libraries, which run no code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from weighin._base.errors import ModelError
from weighin._models.files.beside import check_opens


def read_xgboost(path: Path, trust: Callable[[str], None]) -> Any:
    """Read what XGBoost's save_model wrote."""
    import xgboost

    if path.suffix.lower() == ".json":
        content = json.loads(path.read_bytes())
        if not isinstance(content, dict) or "learner" not in content:
            form = content.get("format") if isinstance(content, dict) else None
            written = (
                f"a result of weighin ({form})"
                if str(form).startswith("weighin")
                else "JSON of something else"
            )
            raise ModelError(f"'{path}' is {written}, not a model of XGBoost: it has no 'learner'.")
    elif b"learner" not in path.read_bytes()[:64]:
        raise ModelError(f"'{path}' is not a model of XGBoost: it does not begin as one.")
    check_opens(path, "a model of XGBoost", "import xgboost; xgboost.Booster().load_model(sys.argv[1])")
    booster = xgboost.Booster()
    booster.load_model(path)
    return booster


def read_lightgbm(path: Path, trust: Callable[[str], None]) -> Any:
    """Read what LightGBM's save_model wrote."""
    import lightgbm

    text = path.read_text(encoding="utf-8", errors="replace")
    if text.partition("\n")[0].strip() != "tree":
        raise ModelError(f"'{path}' is not a model of LightGBM: its first line is not 'tree'.")
    # of a file that was cut LightGBM reads the trees there are, or dies
    for part in ("end of trees", *(["end of parameters"] if "\nparameters:" in text else [])):
        if f"\n{part}" not in text:
            raise ModelError(f"'{path}' is damaged: it ends before LightGBM's line {part!r}.")
    load = "import lightgbm; lightgbm.Booster(model_str=open(sys.argv[1], encoding='utf-8').read())"
    check_opens(path, "a model of LightGBM", load)
    return lightgbm.Booster(model_str=text)


def read_catboost(path: Path, trust: Callable[[str], None]) -> Any:
    """Read what CatBoost's save_model wrote, as the estimator it was."""
    import catboost

    check_opens(path, "a model of CatBoost", "import catboost; catboost.CatBoost().load_model(sys.argv[1])")
    model = catboost.CatBoost().load_model(str(path))
    if len(model.classes_):
        return catboost.CatBoostClassifier().load_model(str(path))
    loss = str(model.get_all_params().get("loss_function", "")).partition(":")[0]
    # rankers have losses of pairs and groups
    ranks = loss.startswith(("Yeti", "Pair", "Query", "StochasticF", "StochasticR", "LambdaMart"))
    return model if ranks else catboost.CatBoostRegressor().load_model(str(path))
