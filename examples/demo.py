"""Eight columns of a real table, learned by one shared network.

Secondary-school students in Portugal: three grades, two drinking habits, and three
columns about school and home are predicted together from 25 others. Half the labels
of every column are hidden from training, each at random, as where a survey was filled
in halfway. Plain scikit-learn models, one a column, learn from the same labels and are
scored on the same folds.

Prints a table and writes the learning curves to training_curves.png.
"""

import time

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype
from sklearn.compose import (
    TransformedTargetRegressor,
    make_column_selector,
    make_column_transformer,
)
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import KFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from tqdm import tqdm

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.datasets import load_student_performance
from sklearn_mtl.metrics import skill_score
from sklearn_mtl.plotting import TrainingCurveDisplay

HIDDEN_SHARE = 0.5


def hide(y: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """Make a share of the labels of each column missing, at random."""
    hidden = np.random.default_rng(seed).random(y.shape) < share
    return y.mask(hidden)


def plain_model(family: str, is_number: bool):
    """One column's model as people build it with scikit-learn today."""
    table = make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include="number")),
        (
            OneHotEncoder(handle_unknown="ignore"),
            make_column_selector(dtype_exclude="number"),
        ),
    )
    if family == "linear":
        model = RidgeCV(np.logspace(-2, 4, 13)) if is_number else LogisticRegression()
        return make_pipeline(table, model)
    settings = {"hidden_layer_sizes": (256, 256), "early_stopping": True}
    if not is_number:
        return make_pipeline(table, MLPClassifier(**settings, random_state=0))
    mlp = MLPRegressor(**settings, random_state=0)
    scaled = TransformedTargetRegressor(mlp, transformer=StandardScaler())
    return make_pipeline(table, scaled)


def shared_predictions(X, y_train, train, test) -> tuple[list, MultiTaskNetEstimator]:
    """Fit one net on all columns; numbers as series, classes as probabilities."""
    net = MultiTaskNetEstimator(random_state=0)
    net.fit(X.iloc[train], y_train.iloc[train])
    numbers, probabilities = net.predict(X.iloc[test]), net.predict_proba(X.iloc[test])
    return [
        numbers[name] if p is None else pd.DataFrame(p, columns=classes)
        for name, p, classes in zip(y_train, probabilities, net.classes_, strict=True)
    ], net


def plain_predictions(family, X, y_train, train, test) -> list:
    """Fit one model a column, on the rows that have its label."""
    predictions = []
    for name in y_train:
        labels, is_number = y_train[name], is_numeric_dtype(y_train[name])
        rows = train[labels.iloc[train].notna()]
        model = plain_model(family, is_number).fit(X.iloc[rows], labels.iloc[rows])
        predictions.append(
            pd.Series(model.predict(X.iloc[test]))
            if is_number
            else pd.DataFrame(model.predict_proba(X.iloc[test]), columns=model.classes_)
        )
    return predictions


def skill(labels: pd.Series, predictions: list, splits) -> float:
    """Share of the prior's cost that pooled predictions remove, 0 for the prior."""
    order = np.concatenate([test for _, test in splits])
    pooled = pd.concat(predictions, ignore_index=True)
    if not is_numeric_dtype(labels):  # a fold may lack a class
        pooled = pooled.reindex(columns=labels.cat.categories).fillna(0)
    return skill_score(labels.iloc[order], pooled)


def main() -> None:
    student = load_student_performance(as_frame=True)
    X, y = student.data, student.target
    y_train = hide(y, HIDDEN_SHARE, seed=0)
    splits = list(KFold(5, shuffle=True, random_state=0).split(X))
    print(
        f"Student performance: {len(X)} rows, {X.shape[1]} features, "
        f"{y.shape[1]} columns to predict; {HIDDEN_SHARE:.0%} of the labels are hidden "
        "from training.\nSkill: share of the prior's cost (squared error or log-loss) "
        "that is removed on 5 held-out folds;\n0 is what guessing from the prior "
        "scores, 1 is perfect.\n"
    )
    begin = time.perf_counter()
    folds: dict[str, list] = {"shared net": [], "MLP each": [], "linear each": []}
    for train, test in tqdm(splits, desc="folds", unit="fold"):
        predictions, net = shared_predictions(X, y_train, train, test)
        folds["shared net"].append(predictions)
        for name, family in (("MLP each", "mlp"), ("linear each", "linear")):
            folds[name].append(plain_predictions(family, X, y_train, train, test))
    print(f"{'column':<10}{'kind':<12}{'labels':>7}", *(f"{m:>12}" for m in folds))
    scores = []
    for t, name in enumerate(y):
        row = [
            skill(y[name], [predictions[t] for predictions in model], splits)
            for model in folds.values()
        ]
        scores.append(row)
        labels = y_train[name].notna().sum()
        kind = net.tasks_[t].kind
        print(f"{name:<10}{kind:<12}{labels:>7}", *(f"{value:>12.3f}" for value in row))
    print(f"{'mean':<29}", *(f"{value:>12.3f}" for value in np.mean(scores, axis=0)))
    display = TrainingCurveDisplay.from_estimator(net)
    display.figure_.savefig("training_curves.png", dpi=120)
    print(
        f"\nLearning curves of the last fold: training_curves.png "
        f"({time.perf_counter() - begin:.0f} s in all)"
    )


if __name__ == "__main__":
    main()
