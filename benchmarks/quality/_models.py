"""What people would use instead of the estimator, each at its defaults.

`linear`, `forest`, `boosting`, `mlp` and `gaussian_process` are scikit-learn's.
CatBoost, XGBoost, LightGBM and RealMLP (pytabkit) run where they are installed; the
last brings a torch of its own, so keep it in an environment beside the project's.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import (
    TransformedTargetRegressor,
    make_column_selector,
    make_column_transformer,
)
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.gaussian_process import (
    GaussianProcessClassifier,
    GaussianProcessRegressor,
)
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from benchmarks.data import is_number, kinds
from benchmarks.quality._comparison import EACH
from sklearn_mtl import MultiTaskNetEstimator

Predictions = dict[str, Any]
"""Column of y to numbers, or to a frame of probabilities with a column a class."""
Predict = Callable[[pd.DataFrame], Predictions]


def encoded(model: Any, *, scale: bool) -> Any:
    """Numbers imputed by the median, categories one-hot, then the model."""
    numbers: Any = SimpleImputer(strategy="median")
    if scale:
        numbers = make_pipeline(numbers, StandardScaler())
    one_hot = OneHotEncoder(
        handle_unknown="ignore", max_categories=50, sparse_output=False
    )
    table = make_column_transformer(
        (numbers, make_column_selector(dtype_include=np.number)),
        (one_hot, make_column_selector(dtype_exclude=np.number)),
    )
    return make_pipeline(table, model)


def linear(numeric: bool) -> Any:
    alphas = np.logspace(-2, 4, 13)
    model = RidgeCV(alphas) if numeric else LogisticRegression(max_iter=500)
    return encoded(model, scale=True)


def forest(numeric: bool) -> Any:
    model = RandomForestRegressor if numeric else RandomForestClassifier
    return encoded(model(300, n_jobs=2, random_state=0), scale=False)


def boosting(numeric: bool) -> Any:
    model = HistGradientBoostingRegressor if numeric else HistGradientBoostingClassifier
    return model(categorical_features="from_dtype", random_state=0)


def mlp(numeric: bool) -> Any:
    if not numeric:
        return encoded(MLPClassifier(random_state=0, max_iter=200), scale=True)
    model = MLPRegressor(random_state=0, max_iter=200)
    scaled = TransformedTargetRegressor(model, transformer=StandardScaler())
    return encoded(scaled, scale=True)


def catboost(numeric: bool) -> Any:
    from catboost import CatBoostClassifier, CatBoostRegressor

    model = CatBoostRegressor if numeric else CatBoostClassifier
    settings = {"random_seed": 0, "thread_count": 2, "allow_writing_files": False}
    return WithCategories(model(verbose=0, **settings), "cat_features")


def realmlp(numeric: bool) -> Any:
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    settings: dict[str, Any] = {"device": "cpu", "random_state": 0, "n_threads": 2}
    if numeric:
        return WithCategories(RealMLP_TD_Regressor(**settings), "cat_col_names")
    settings |= {"use_ls": False, "val_metric_name": "cross_entropy"}
    return WithCategories(RealMLP_TD_Classifier(**settings), "cat_col_names")


def xgboost(numeric: bool) -> Any:
    from xgboost import XGBClassifier, XGBRegressor

    settings = {"enable_categorical": True, "n_jobs": 2, "random_state": 0}
    if numeric:
        return XGBRegressor(multi_strategy="multi_output_tree", **settings)
    return XGBClassifier(**settings)


def lightgbm(numeric: bool) -> Any:
    from lightgbm import LGBMClassifier, LGBMRegressor

    model = LGBMRegressor if numeric else LGBMClassifier
    return make_pipeline(
        FunctionTransformer(with_plain_names),
        model(n_jobs=2, random_state=0, verbose=-1),
    )


def with_plain_names(X: pd.DataFrame) -> pd.DataFrame:
    """Give columns numbers for names, of which LightGBM refuses some."""
    return X.set_axis([f"f{j}" for j in range(X.shape[1])], axis=1)


def gaussian_process(numeric: bool) -> Any:
    """Make a smooth function of all features, and noise; of classes a latent one."""
    smooth = ConstantKernel() * RBF()
    if not numeric:
        return encoded(GaussianProcessClassifier(smooth, random_state=0), scale=True)
    model = GaussianProcessRegressor(
        smooth + WhiteKernel(), normalize_y=True, n_restarts_optimizer=2, random_state=0
    )
    return encoded(model, scale=True)


class WithCategories:
    """Tell a model at `fit` which columns are categories, under its own name for it."""

    def __init__(self, model: Any, keyword: str) -> None:
        self.model, self.keyword = model, keyword

    def fit(self, X: pd.DataFrame, y: Any) -> Any:
        numbers = X.select_dtypes("number")
        self.median_ = numbers.median().fillna(0)
        categories = [name for name in X if name not in numbers]
        named = {self.keyword: categories} if categories else {}
        self.model.fit(self._complete(X), y, **named)
        self.classes_ = getattr(self.model, "classes_", None)
        return self

    def _complete(self, X: pd.DataFrame) -> pd.DataFrame:
        X = X.fillna(self.median_)
        text = [name for name in X if name not in self.median_]
        return X.astype({name: str for name in text})

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return np.ravel(self.model.predict(self._complete(X)))

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        return np.asarray(self.model.predict_proba(self._complete(X)))


PEERS: dict[str, Callable[[bool], Any]] = {
    "linear": linear,
    "forest": forest,
    "boosting": boosting,
    "mlp": mlp,
    "catboost": catboost,
    "xgboost": xgboost,
    "lightgbm": lightgbm,
    "realmlp": realmlp,
}
OF_FEW_ROWS = PEERS | {"gaussian_process": gaussian_process}
"""Those that learn from hundreds of rows, but not from thousands, too."""
ELSEWHERE = {
    "catboost": "catboost",
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "realmlp": "pytabkit",
}
"""Peers that the project's own environment does not have, and their packages."""
WHOLE = "forest", "mlp", "xgboost", "realmlp"
"""Peers that predict several complete numeric columns at once."""


def fit_peer(name: str, X: pd.DataFrame, y: pd.DataFrame) -> Predict:
    """Fit one model, or one a column; what comes back predicts all columns."""
    if name == EACH:
        return fit_net_each(X, y)
    make = OF_FEW_ROWS[name]
    complete = all(is_number(y[column]) for column in y) and not y.isna().any(axis=None)
    if name not in WHOLE or not complete:
        columns = {column: fit_column(make, X, y[column]) for column in y}
        return lambda X_test: {
            column: predict(X_test) for column, predict in columns.items()
        }
    whole = make(True).fit(X, y.to_numpy())
    return lambda X_test: dict(
        zip(y, whole.predict(X_test).reshape(len(X_test), -1).T, strict=True)
    )


def fit_column(
    make: Callable[[bool], Any], X: pd.DataFrame, labels: pd.Series
) -> Callable[[pd.DataFrame], Any]:
    rows = labels.notna().to_numpy()
    X, labels = X[rows], labels[rows]
    if is_number(labels):
        return make(True).fit(X, labels.to_numpy()).predict
    if labels.nunique() == 1:
        only = labels.iloc[0]
        return lambda X_test: pd.DataFrame(np.ones((len(X_test), 1)), columns=[only])
    classes, codes = np.unique(labels, return_inverse=True)
    model = make(False).fit(X, codes)
    known = classes[np.asarray(model.classes_, dtype=int)]
    return lambda X_test: pd.DataFrame(model.predict_proba(X_test), columns=known)


def fit_net(
    X: pd.DataFrame, y: pd.DataFrame, groups: Any = None, **parameters: Any
) -> Predict:
    """Fit the estimator; columns that the tables call numbers are regression."""
    net = MultiTaskNetEstimator(task_types=kinds(y), **parameters)
    return predict_of(net.fit(X, y, groups=groups), y)


def predict_of(net: MultiTaskNetEstimator, y: pd.DataFrame) -> Predict:
    """Ask a fitted net for all columns of y."""
    numeric = kinds(y)

    def predict(X_test: pd.DataFrame) -> Predictions:
        numbers = net.predict(X_test)
        if len(numeric) == y.shape[1]:
            return {column: numbers[column].to_numpy() for column in y}
        return {
            column: numbers[column].to_numpy()
            if probabilities is None
            else pd.DataFrame(probabilities, columns=classes)
            for column, probabilities, classes in zip(
                y, net.predict_proba(X_test), net.classes_, strict=True
            )
        }

    return predict


def fit_net_each(X: pd.DataFrame, y: pd.DataFrame, **parameters: Any) -> Predict:
    """Fit the estimator to one column after the other."""
    parameters = {"random_state": 0} | parameters
    nets = []
    for column in y:
        rows = y[column].notna().to_numpy()
        nets.append(fit_net(X[rows], y.loc[rows, [column]], **parameters))

    def predict(X_test: pd.DataFrame) -> Predictions:
        return {name: said for net in nets for name, said in net(X_test).items()}

    return predict
