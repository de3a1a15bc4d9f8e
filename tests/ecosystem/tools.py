"""What is tried of each tool. A package is imported where it is used: it may lack."""

from __future__ import annotations

import warnings
from unittest.mock import Mock

import numpy as np
import pandas as pd

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)
from sklearn_mtl.metrics import task_scorers
from tests.ecosystem.entry import entry

SMALL = {
    "hidden_layer_sizes": (4,),
    "n_members": 2,
    "max_iter": 2,
    "own_nets": "never",
    "random_state": 0,
}
UNNAMED = (
    "It asks with arrays: after a fit on frames scikit-learn warns of their names."
)


@entry(
    "scikit-learn", "`ScoringMonitor`", "works", "`set_callbacks`; scores each epoch."
)
def scoring_monitor(X, y):
    from sklearn.callback import ScoringMonitor

    monitor = ScoringMonitor(scoring=task_scorers("skill"))
    MultiTaskNetEstimator(**SMALL).set_callbacks(monitor).fit(X, y)
    assert monitor.get_logs()


@entry(
    "rich",
    "`ProgressBar` of scikit-learn",
    "works",
    "`set_callbacks`; in searches too.",
)
def progress_bar(X, y):
    from sklearn.callback import ProgressBar
    from sklearn.model_selection import GridSearchCV

    search = GridSearchCV(MultiTaskNetEstimator(**SMALL), {"alpha": [0.1, 0.01]}, cv=2)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "does not support callbacks")
        search.set_callbacks(ProgressBar()).fit(X, y)


@entry(
    "skorch",
    "loggers: `TensorBoard`, `WandbLogger`, `MlflowLogger`, ...",
    "works",
    "`callbacks`; they see the losses of each column.",
)
def loggers(X, y):
    from skorch.callbacks import TensorBoard

    writer = Mock()  # stands for torch.utils.tensorboard.SummaryWriter()
    MultiTaskNetEstimator(callbacks=[TensorBoard(writer)], **SMALL).fit(X, y)
    tags = [call.kwargs["tag"] for call in writer.add_scalar.call_args_list]
    assert "Loss/valid_loss/G3" in tags


@entry("optuna", "an objective", "works", "`cross_val_score`, as of any estimator.")
def optuna_objective(X, y):
    import optuna
    from sklearn.model_selection import cross_val_score

    def objective(trial):
        alpha = trial.suggest_float("alpha", 1e-4, 1, log=True)
        net = MultiTaskNetEstimator(alpha=alpha, **SMALL)
        return cross_val_score(net, X, y, cv=2).mean()

    study = optuna.create_study(direction="maximize")
    study.optimize(objective, n_trials=2)
    assert 1e-4 <= study.best_params["alpha"] <= 1


@entry(
    "optuna-integration",
    "`OptunaSearchCV`",
    "works",
    "With mixed columns and missing labels.",
)
def optuna_search(X, y):
    from optuna.distributions import FloatDistribution
    from optuna_integration.sklearn import OptunaSearchCV

    space = {"alpha": FloatDistribution(1e-4, 1, log=True)}
    search = OptunaSearchCV(MultiTaskNetEstimator(**SMALL), space, cv=2, n_trials=2)
    assert search.fit(X, y).predict(X).shape == y.shape


@entry(
    "optuna-integration",
    "pruning of trials",
    "recipe",
    "`SkorchPruningCallback` among `callbacks`; it breaks a fit off.",
)
def optuna_pruning(X, y):
    import optuna
    from optuna_integration import SkorchPruningCallback

    def objective(trial):
        prune = SkorchPruningCallback(trial, "valid_loss")
        alpha = trial.suggest_float("alpha", 1e-4, 1, log=True)
        net = MultiTaskNetEstimator(alpha=alpha, callbacks=[prune], **SMALL)
        return net.fit(X, y).oof_score_

    study = optuna.create_study(direction="maximize")
    study.optimize(objective, n_trials=2)
    assert len(study.trials) == 2


@entry(
    "skrub",
    "`tabular_pipeline`",
    "works",
    "Dates and text become numbers before the net; missing labels stay.",
)
def skrub_tabular_pipeline(X, y):
    from skrub import tabular_pipeline

    X = X.assign(
        when=pd.date_range("2024-01-01", periods=len(X)),
        said=[f"word {n} of {n % 7}" for n in range(len(X))],
    )
    pipe = tabular_pipeline(MultiTaskNetEstimator(**SMALL)).fit(X, y)
    assert pipe.predict(X).shape == y.shape


@entry(
    "skrub", "DataOps (`skb.apply`)", "works", "y may be mixed, with labels missing."
)
def skrub_data_ops(X, y):
    import skrub

    net = MultiTaskNetEstimator(**SMALL)
    predicted = skrub.X(X).skb.apply(net, y=skrub.y(y))
    learner = predicted.skb.make_learner(fitted=True)
    assert learner.predict({"X": X}).shape == y.shape


@entry(
    "imbalanced-learn", "its pipeline, one column of y", "works", "As any classifier."
)
def imblearn_one_column(X, y):
    from imblearn.pipeline import make_pipeline
    from imblearn.under_sampling import RandomUnderSampler

    known = y["higher"].notna()
    sampler = RandomUnderSampler(random_state=0)
    pipe = make_pipeline(sampler, MultiTaskNetClassifier(**SMALL))
    pipe.fit(X[known], y["higher"][known])
    assert pipe.predict(X).shape == (len(X),)


@entry(
    "imbalanced-learn",
    "its pipeline, several columns",
    "no",
    "Its samplers balance one column of classes. `class_weight` weighs the classes of "
    "each column; or choose rows by one column, below.",
)
def imblearn_pipeline(X, y):
    from imblearn.pipeline import make_pipeline
    from imblearn.under_sampling import RandomUnderSampler

    sampler = RandomUnderSampler(random_state=0)
    make_pipeline(sampler, MultiTaskNetEstimator(**SMALL)).fit(X, y)


@entry(
    "imbalanced-learn",
    "rows balanced by one of the columns",
    "recipe",
    "The sampler says which rows.",
)
def imblearn_rows(X, y):
    from imblearn.under_sampling import RandomUnderSampler

    known = np.flatnonzero(y["higher"].notna())
    sampler = RandomUnderSampler(random_state=0)
    sampler.fit_resample(X.iloc[known], y["higher"].iloc[known])
    rows = known[sampler.sample_indices_]
    net = MultiTaskNetEstimator(**SMALL).fit(X.iloc[rows], y.iloc[rows])
    assert net.predict(X).shape == y.shape


@entry(
    "MAPIE",
    "`SplitConformalRegressor`, `SplitConformalClassifier`",
    "recipe",
    f"On the view of a column, with rows that `fit` did not see; X of numbers "
    f"alone. {UNNAMED} Without "
    "further rows: `predict_interval` and `predict_set`.",
)
def mapie_split(X, y):
    from mapie.classification import SplitConformalClassifier
    from mapie.regression import SplitConformalRegressor

    X = X[["age", "absences"]]
    net = MultiTaskNetEstimator(**SMALL).fit(X[:80], y[:80])
    for name, conformal in (
        ("G3", SplitConformalRegressor),
        ("higher", SplitConformalClassifier),
    ):
        view = net.named_estimators_[name]
        known = y[name][80:].notna()
        mapie = conformal(view, confidence_level=0.8, prefit=True)
        mapie.conformalize(X[80:][known], y[name][80:][known])
        assert mapie.predict(X).shape == (len(X),)


@entry(
    "MAPIE", "`CrossConformalRegressor`", "works", "One column without missing labels."
)
def mapie_cross(X, y):
    from mapie.regression import CrossConformalRegressor

    known = y["G3"].notna()
    mapie = CrossConformalRegressor(MultiTaskNetRegressor(**SMALL), cv=2)
    mapie.fit_conformalize(X[known], y["G3"][known])
    _, intervals = mapie.predict_interval(X)
    assert intervals.shape[:2] == (len(X), 2)


@entry("fairlearn", "`MetricFrame`", "works", "Of a column of the predictions.")
def fairlearn_metrics(X, y):
    from fairlearn.metrics import MetricFrame
    from sklearn.metrics import accuracy_score

    predicted = MultiTaskNetEstimator(**SMALL).fit(X, y).predict(X)
    known = y["higher"].notna()
    by_sex = MetricFrame(
        metrics=accuracy_score,
        y_true=y["higher"][known],
        y_pred=predicted["higher"][known],
        sensitive_features=X["sex"][known],
    )
    assert len(by_sex.by_group) == 2


@entry(
    "fairlearn",
    "`ThresholdOptimizer`",
    "recipe",
    "On the view of a column of two classes, `prefit=True`; it wants labels 0 and 1.",
)
def fairlearn_thresholds(X, y):
    from fairlearn.postprocessing import ThresholdOptimizer

    flag = (X["absences"] > 2).astype(int)
    net = MultiTaskNetEstimator(**SMALL).fit(X, y.assign(flag=flag))
    view = net.named_estimators_["flag"]
    fair = ThresholdOptimizer(
        estimator=view, prefit=True, predict_method="predict_proba"
    )
    fair.fit(X, flag, sensitive_features=X["sex"])
    predicted = fair.predict(X, sensitive_features=X["sex"], random_state=0)
    assert predicted.shape == flag.shape


@entry("fairlearn", "`ExponentiatedGradient`", "works", "One column of two classes.")
def fairlearn_reductions(X, y):
    from fairlearn.reductions import DemographicParity, ExponentiatedGradient

    flag = (X["absences"] > 2).astype(int)
    net = MultiTaskNetClassifier(**SMALL)
    fair = ExponentiatedGradient(net, DemographicParity(), max_iter=1)
    fair.fit(X, flag, sensitive_features=X["sex"])
    assert fair.predict(X, random_state=0).shape == flag.shape


@entry(
    "shap",
    "explainers",
    "recipe",
    "On a method of the view of a column.",
)
def shap_explainers(X, y):
    import shap

    X = X[["age", "absences"]]
    view = MultiTaskNetEstimator(**SMALL).fit(X, y).named_estimators_["higher"]
    explain = shap.KernelExplainer(view.predict_proba, X[:10])
    assert explain.shap_values(X[:2], silent=True).shape == (2, 2, 2)
