"""torch and what builds on it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecosystem.trial import NUMBERS, RAW, Trial, case, codes, games, log_loss, mae, softmax


def network(n_in: int, n_out: int) -> Any:
    import torch

    torch.manual_seed(0)
    nn = torch.nn
    return nn.Sequential(nn.Linear(n_in, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, n_out)).eval()


def matrix(df: Any) -> Any:
    return np.ascontiguousarray(df.to_numpy(np.float32))


def run(module: Any, *parts: Any) -> Any:
    import torch

    with torch.no_grad():
        return module(*(torch.as_tensor(part) for part in parts)).numpy()


def _learner_trial(df: Any, loaders: Any) -> Trial:
    from fastai.tabular.all import tabular_learner

    learn = tabular_learner(loaders, layers=[16])
    with learn.no_bar(), learn.no_logging():
        learn.fit(1)

    def predict(rows: Any) -> Any:
        with learn.no_bar(), learn.no_logging():
            return learn.get_preds(dl=learn.dls.test_dl(rows, bs=len(rows)))[0].numpy()

    def mse(target: Any, pred: Any) -> float:
        return float(((np.asarray(target) - pred.ravel()) ** 2).mean())

    return Trial(learn, df, None, predict, mse, df.margin, df)


@case("torch", "weigh(module, df, y)", "torch")
def torch_module() -> Trial:
    df, module = games(), network(3, 3)
    return Trial(module, df[NUMBERS], df.level, lambda X: softmax(run(module, matrix(X))), log_loss)


@case("fastai", "weigh(learn, df)", "fastai", environment="fastai")
def fastai_learner() -> Trial:
    from fastai.tabular.all import Categorify, FillMissing, Normalize, TabularDataLoaders

    df = games()
    loaders = TabularDataLoaders.from_df(
        df, procs=[Categorify, FillMissing, Normalize], cat_names=["league"], cont_names=NUMBERS,
        y_names="margin", bs=64, seed=0,
    )  # fmt: skip
    return _learner_trial(df, loaders)


@case("fastai, procs that make columns", "weigh(learn, df)", "fastai", environment="fastai")
def fastai_own_proc() -> Trial:
    from fastai.tabular.all import Categorify, Normalize, TabularDataLoaders, TabularProc

    class Gap(TabularProc):
        order = -10

        def encodes(self, to: Any) -> None:
            to["gap"] = to["elo"] - to["rest"]
            if "gap" not in to.cont_names:
                to.cont_names.append("gap")

    df = games()
    loaders = TabularDataLoaders.from_df(
        df,
        procs=[Gap, Categorify, Normalize],
        cat_names=["league"],
        cont_names=["week"],
        y_names="margin",
        bs=64,
        seed=0,
    )
    return _learner_trial(df, loaders)


@case("Lightning", "weigh(lightning_module, df, y)", "lightning")
def lightning_module() -> Trial:
    import torch
    from lightning import LightningModule

    class Wins(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net, self.loss = network(3, 1), torch.nn.BCEWithLogitsLoss()

        def forward(self, x: Any) -> Any:
            return self.net(x)

    df, module = games(), Wins().eval()
    return Trial(
        module,
        df[NUMBERS],
        df.flag,
        lambda X: 1 / (1 + np.exp(-run(module, matrix(X)).astype(float))),
        log_loss,
    )


def _skorch() -> Any:
    import torch
    from skorch import NeuralNetClassifier

    return NeuralNetClassifier(
        network(3, 2), criterion=torch.nn.CrossEntropyLoss, max_epochs=2, train_split=None, verbose=0
    )


@case("skorch", "weigh(net, X, y)", "skorch")
def skorch_matrix() -> Trial:
    df = games()
    X, net = matrix(df[NUMBERS]), _skorch()
    net.fit(X, df.flag.to_numpy())
    return Trial(net, X, df.flag, net.predict_proba, log_loss)


@case("skorch, dicts", 'weigh(net, {"x_cont": X, "x_cat": codes}, y)', "skorch")
def skorch_dict() -> Trial:
    import torch
    from skorch import NeuralNetRegressor

    class ByParts(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.levels, self.head = torch.nn.Embedding(3, 2), torch.nn.Linear(5, 1)

        def forward(self, x_cont: Any, x_cat: Any) -> Any:
            return self.head(torch.cat([self.levels(x_cat[:, 0]), x_cont], 1))

    df = games()
    X = {"x_cont": matrix(df[NUMBERS]), "x_cat": codes(df.league)[:, None]}
    net = NeuralNetRegressor(ByParts, max_epochs=2, train_split=None, verbose=0)
    net.fit(X, df.margin.to_numpy(np.float32)[:, None])
    return Trial(net, X, df.margin, net.predict, mae)


def encoder(dtype: Any = np.float32) -> Any:
    from sklearn.compose import make_column_transformer
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    return make_column_transformer(
        (OneHotEncoder(dtype=dtype, sparse_output=False), ["league"]), (StandardScaler(), NUMBERS)
    )


@case("encoder and torch", "weigh((prep, module), df, y)", "torch", "scikit-learn")
def encoder_and_module() -> Trial:
    df = games()
    prep, module = encoder().fit(df[RAW]), network(6, 1)
    return Trial(
        (prep, module), df[RAW], df.margin, lambda X: run(module, prep.transform(X).astype(np.float32)), mae
    )


@case("Pipeline that ends in skorch", "weigh(pipeline, df, y)", "skorch", "scikit-learn")
def pipeline_and_skorch() -> Trial:
    import torch
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer
    from skorch import NeuralNetClassifier

    df = games()
    net = NeuralNetClassifier(
        network(6, 3), criterion=torch.nn.CrossEntropyLoss, max_epochs=2, train_split=None, verbose=0
    )
    single = FunctionTransformer(lambda X: X.astype(np.float32))
    model = make_pipeline(encoder(), single, net).fit(df[RAW], df.level.to_numpy())
    return Trial(model, df[RAW], df.level, model.predict_proba, log_loss)


@case("rtdl", 'weigh(ft_transformer, {"x_cont": X, "x_cat": None}, y)', "rtdl_revisiting_models")
def rtdl_transformer() -> Trial:
    import torch
    from rtdl_revisiting_models import FTTransformer

    torch.manual_seed(0)
    module = FTTransformer(
        n_cont_features=3, cat_cardinalities=[], d_out=1, **FTTransformer.get_default_kwargs(1)
    ).eval()
    df = games()
    X = {"x_cont": matrix(df[NUMBERS]), "x_cat": None}

    def predict(rows: Any) -> Any:
        with torch.no_grad():
            return module(torch.as_tensor(rows["x_cont"]), None).numpy()

    return Trial(module, X, df.margin, predict, mae)


@case("rtdl, one mixed frame", "weigh(ft_transformer, df, y)", "rtdl_revisiting_models")
def rtdl_frame() -> Trial:
    import torch
    from rtdl_revisiting_models import FTTransformer

    torch.manual_seed(0)
    module = FTTransformer(
        n_cont_features=3, cat_cardinalities=[3], d_out=1, **FTTransformer.get_default_kwargs(1)
    ).eval()
    df = games().astype({"league": "category"})

    def predict(rows: Any) -> Any:
        return run(
            module, matrix(rows[NUMBERS]), rows[["league"]].apply(lambda c: c.cat.codes).to_numpy(np.int64)
        )

    return Trial(module, df[RAW], df.margin, predict, mae)


@case("TabM", "weigh(tabm, X, y)", "tabm")
def tabm_module() -> Trial:
    import torch
    from tabm import TabM

    torch.manual_seed(0)
    module = TabM.make(n_num_features=3, d_out=1, k=4, n_blocks=1, d_block=16).eval()
    df = games()
    return Trial(module, df[NUMBERS], df.margin, lambda X: run(module, matrix(X)).mean(1), mae)


def _tensor_frame(df: Any, target: str) -> Any:
    from torch_frame import categorical, numerical
    from torch_frame.data import Dataset

    kinds = dict.fromkeys(NUMBERS, numerical) | {"league": categorical}
    kinds[target] = numerical if target == "margin" else categorical
    return Dataset(df[[*RAW, target]], kinds, target_col=target).materialize()


@case("pytorch-frame", "weigh(resnet, dataset.tensor_frame)", "pytorch-frame")
def torch_frame_resnet() -> Trial:
    import torch
    from torch_frame.nn import ResNet

    torch.manual_seed(0)
    df = games()
    dataset = _tensor_frame(df, "margin")
    frame = dataset.tensor_frame
    module = ResNet(8, 1, 1, dataset.col_stats, frame.col_names_dict).eval()

    def predict(rows: Any) -> Any:
        with torch.no_grad():
            return module(dataset.convert_to_tensor_frame(rows)).numpy()

    return Trial(module, frame, None, predict, mae, df.margin, df)


@case("pytorch-widedeep", "weigh((prep, trainer), df, y)", "pytorch-widedeep", environment="widedeep")
def widedeep_trainer() -> Trial:
    import torch
    from pytorch_widedeep import Trainer
    from pytorch_widedeep.models import TabMlp, WideDeep
    from pytorch_widedeep.preprocessing import TabPreprocessor

    torch.manual_seed(0)
    df = games()
    prep = TabPreprocessor(cat_embed_cols=["league"], continuous_cols=NUMBERS, cols_to_scale=NUMBERS)
    X = prep.fit_transform(df)
    deep = TabMlp(
        prep.column_idx, cat_embed_input=prep.cat_embed_input, continuous_cols=NUMBERS, mlp_hidden_dims=[8]
    )
    trainer = Trainer(WideDeep(deeptabular=deep), objective="binary", verbose=0)
    trainer.fit(X_tab=X, target=df.flag.to_numpy(), n_epochs=1, batch_size=64)

    def predict(rows: Any) -> Any:
        return trainer.predict_proba(X_tab=prep.transform(rows))

    return Trial((prep, trainer), df[RAW], df.flag, predict, log_loss)


@case("pytorch-tabular", "weigh(tabular_model, df)", "pytorch-tabular", environment="tabular")
def tabular_model() -> Trial:
    from pytorch_tabular import TabularModel
    from pytorch_tabular.config import DataConfig, OptimizerConfig, TrainerConfig
    from pytorch_tabular.models import CategoryEmbeddingModelConfig

    df = games()
    model = TabularModel(
        data_config=DataConfig(target=["won"], continuous_cols=NUMBERS, categorical_cols=["league"]),
        model_config=CategoryEmbeddingModelConfig(task="classification", layers="16"),
        optimizer_config=OptimizerConfig(),
        trainer_config=TrainerConfig(
            max_epochs=1, batch_size=64, accelerator="cpu", progress_bar="none", load_best=False, checkpoints=None,
            early_stopping=None,
        ),
        verbose=False,
    )  # fmt: skip
    model.fit(train=df[[*RAW, "won"]])

    def predict(rows: Any) -> Any:
        found = model.predict(rows, progress_bar="none")
        return found[[c for c in found.columns if c.endswith("_probability")]].to_numpy()

    return Trial(model, df[[*RAW, "won"]], None, predict, log_loss, codes(df.won), df[[*RAW, "won"]])


@case("AutoGluon", "weigh(predictor, df)", "autogluon.tabular", environment="gluon")
def autogluon_predictor() -> Trial:
    import tempfile

    from autogluon.tabular import TabularPredictor

    df = games()[[*RAW, "grade"]]
    predictor = TabularPredictor("grade", path=tempfile.mkdtemp(), verbosity=0).fit(
        df, hyperparameters={"RF": {"n_estimators": 20}}, num_cpus=1
    )
    return Trial(
        predictor, df, None, lambda X: predictor.predict_proba(X).to_numpy(), log_loss, codes(df.grade), df
    )
