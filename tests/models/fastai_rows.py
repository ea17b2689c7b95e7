"""What weighin and fastai make of the same rows."""

from __future__ import annotations

import warnings

from weighin import weigh
from weighin._models.fastai import FastaiModel


def predictions(learn, frame, missing="raise"):
    """What weighin's engine gets from the learner for the rows as they are."""
    model = FastaiModel(learn)
    data = model.encode(frame, None, missing, False)
    with model.predicting():
        return model.to_user_scale(model.predict(data.rows)).numpy(), data


def fastai_predictions(learn, frame):
    """What fastai itself predicts."""
    with learn.no_bar(), learn.no_logging(), warnings.catch_warnings():
        # unseen categories
        warnings.filterwarnings("ignore", message="Constructing a Categorical")
        return learn.get_preds(dl=learn.dls.test_dl(frame, bs=37))[0].numpy()


def numbers(learn, X, **options):
    """Baseline and importances for one seed."""
    imp = weigh(learn, X, random_state=0, n_repeats=2, progress=False, **options)
    return imp.features, imp.baseline, imp.importances.tolist()
