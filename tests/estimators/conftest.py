"""Tables and fitted nets that tests of the estimators share."""

import numpy as np
import pytest

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)
from sklearn_mtl.datasets import load_student_performance, make_multitask
from tests.estimators.helpers import SHOP_NET, Fitted, made_table


@pytest.fixture
def X(rng):
    return rng.normal(size=(60, 4))


@pytest.fixture
def number(X):
    return 3 * X[:, 0] + X[:, 1]


@pytest.fixture
def word(X):
    return np.where(X[:, 0] > 0.5, "high", np.where(X[:, 0] > -0.5, "mid", "low"))


@pytest.fixture
def mixed(number, word):
    """Return a number, three words and two words; ten labels of each are missing."""
    y = np.column_stack([number.astype(object), word, np.where(number > 0, "y", "n")])
    y[:10, 0] = None
    y[10:20, 1] = None
    y[20:30, 2] = None
    return y


@pytest.fixture(scope="module")
def three_numbers():
    return make_multitask(80, n_features=5, n_tasks=3, random_state=0)


@pytest.fixture(scope="module")
def students():
    """Columns of mixed kinds, in an order that the training changes, with gaps."""
    X, y = load_student_performance(return_X_y=True, as_frame=True)
    y = y[["G3", "Mjob", "higher", "G1"]].rename(columns={"Mjob": "job"}).iloc[:150]
    y.iloc[:20, 0] = np.nan
    return X.iloc[:150], y


@pytest.fixture(scope="module")
def fitted_numbers():
    """Return a net of two numeric columns, a fifth of the labels missing."""
    X, y = made_table(120, ["regression"] * 2, missing=0.2)
    return Fitted(MultiTaskNetRegressor, X, y)


@pytest.fixture(scope="module")
def fitted_words():
    """Return a net of one column of four classes, some missing."""
    X, y = made_table(150, ["multiclass"], n_classes=4, missing=0.2)
    return Fitted(MultiTaskNetClassifier, X, y)


@pytest.fixture(scope="module")
def new_rows():
    """Return rows that no net has seen."""
    return np.random.default_rng(1).normal(size=(40, 6))


@pytest.fixture(scope="module")
def frames():
    """Return a frame of a number, an integer, two classes, with gaps and an index."""
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(90, 3)), columns=["a", "b", "c"])
    X.index = pd.Index(np.arange(90)[::-1] * 10)
    price = (X["a"] + 0.2 * rng.normal(size=90)) * 100
    y = pd.DataFrame(
        {
            "price": price,
            "rooms": pd.array(rng.poisson(3, 90), dtype="Int64"),
            "town": pd.Categorical(np.where(X["b"] > 0, "Rome", "Oslo")),
            "sold": pd.array(price > 0, dtype="boolean"),
        },
        index=X.index,
    )
    y = y.mask(rng.random(y.shape) < 0.2)
    y.iloc[[3, 50]] = pd.NA
    return X, y


@pytest.fixture(scope="module")
def fitted_several():
    """Return nets of several made tables, and rows to judge them by."""
    kinds = ["regression", "regression", "multiclass"]
    found = []
    for seed in range(4):
        X, y = made_table(3600, kinds, noise=0.5, n_classes=4, random_state=seed)
        fitted = Fitted(
            X=X[:600],
            y=y[:600],
            task_types={2: "multiclass"},
            hidden_layer_sizes=(64,),
        )
        found.append((fitted, X[600:], y[600:]))
    return found


@pytest.fixture(scope="module")
def shop_X():
    """Return a frame of numbers with gaps and of strings, under an odd index."""
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(200, 3)), columns=["a", "b", "c"])
    table["town"] = np.where(table["b"] > 0, "Rome", "Oslo")
    table.loc[::15, "c"] = np.nan
    table.index = pd.Index(np.arange(200)[::-1] * 10)
    return table


@pytest.fixture(scope="module")
def shop_y(shop_X):
    """Return two numbers and three kinds of classes, a fifth of the labels missing."""
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(1)
    a, b = shop_X["a"].to_numpy(), shop_X["b"].to_numpy()
    noisy = a + 0.3 * rng.normal(size=len(shop_X))
    table = pd.DataFrame(
        {
            "price": 100 * (noisy + b),
            "amount": np.exp(noisy),
            "sold": np.where(noisy > 0, "yes", "no"),
            "flag": (noisy + b > 0).astype(float),
            "size": np.select([noisy > 0.5, noisy > -0.5], ["L", "M"], "S"),
        },
        index=shop_X.index,
    )
    return table.mask(rng.random(table.shape) < 0.2)


@pytest.fixture(scope="module")
def shop_net(shop_X, shop_y):
    return MultiTaskNetEstimator(**SHOP_NET, task_types={"amount": "gamma"}).fit(
        shop_X, shop_y
    )


@pytest.fixture(scope="module")
def views(shop_net):
    return shop_net.named_estimators_


@pytest.fixture(scope="module")
def known(shop_X, shop_y):
    """Return the rows of X that have a label of a column, and these labels."""

    def rows_of(name):
        seen = shop_y[name].notna()
        return shop_X[seen], shop_y.loc[seen, name]

    return rows_of
