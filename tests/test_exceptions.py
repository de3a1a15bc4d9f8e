"""Warnings stand at the line of the user's code, however deep the reason lies."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.model_selection import cross_val_score
from skorch.callbacks import Callback

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.model_selection import MultiTaskStratifiedKFold, StackedGridSearchCV

SMALL = {"hidden_layer_sizes": (4,), "max_iter": 1, "early_stopping": False}
X = np.arange(12.0)[:, None]
WORDS = np.array(["a", "b", "c"] * 4)


def fit():
    MultiTaskNetEstimator(**SMALL, class_weight=[{"z": 2}]).fit(X, WORDS)


def cross_validate():
    net = MultiTaskNetEstimator(**SMALL, class_weight=[{"z": 2}])
    cross_val_score(net, X, WORDS, cv=2)


def fit_without_labels():
    MultiTaskNetEstimator(**SMALL).fit(X, np.column_stack([X, X * np.nan]))


class Poison(Callback):
    """Make the weights NaN after the first epoch."""

    def on_batch_end(self, net, training=True, **kwargs):
        if training and len(net.history) == 2:
            with torch.no_grad():
                for parameter in net.module_.parameters():
                    parameter.fill_(torch.nan)


def diverge():
    net = MultiTaskNetEstimator(**(SMALL | {"max_iter": 3}), callbacks=[Poison()])
    net.fit(X, X)


def split():
    list(MultiTaskStratifiedKFold(2).split(X, WORDS, groups=WORDS))


@pytest.mark.parametrize(
    "call", [fit, cross_validate, fit_without_labels, diverge, split]
)
def test_warnings_stand_at_the_users_line(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()

    first, last = (
        call.__code__.co_firstlineno,
        max(line for *_, line in call.__code__.co_lines() if line),
    )
    assert caught
    for warning in caught:
        assert warning.filename == __file__
        assert first < warning.lineno <= last


def test_a_search_says_of_a_column_once_what_each_of_its_fits_sees():
    names = [f"row {n} of {n % 7}" for n in range(60)]
    table = pd.DataFrame({"id1": names, "id2": names[::-1], "x": np.arange(60.0)})
    net = MultiTaskNetEstimator(**SMALL, random_state=0)
    search = StackedGridSearchCV(net, {"alpha": [0.0, 0.1]}, cv=3)

    with warnings.catch_warnings(record=True, action="always") as caught:
        search.fit(table, np.arange(60.0))

    said = [str(warning.message) for warning in caught]
    assert sum("Column 'id1'" in text for text in said) == 1
    assert sum("Column 'id2'" in text for text in said) == 1
    with pytest.warns(UserWarning, match="'id1'"):
        net.fit(table, np.arange(60.0))
