"""What skorch documents of a net: it works here, or is refused before training."""

import numpy as np
import pytest
from skorch.callbacks import BatchScoring, Callback, EpochScoring, InputShapeSetter
from skorch.dataset import Dataset, ValidSplit
from skorch.helper import predefined_split

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.training import iter_raw

SMALL = {
    "hidden_layer_sizes": (4,),
    "n_members": 2,
    "max_iter": 2,
    "batch_size": 16,
    "own_nets": "never",
    "random_state": 0,
}
X = np.random.default_rng(0).normal(size=(60, 3))
Y = X[:, :2] + 1


@pytest.fixture(scope="module")
def net():
    """Fit a net under callbacks that skorch documents."""
    callbacks = [
        InputShapeSetter(param_name="n_features"),
        EpochScoring(lambda net, rows, y: len(rows), name="n_held_out"),
    ]
    return MultiTaskNetRegressor(callbacks=callbacks, **SMALL).fit(X, Y)


def test_net_says_raw_outputs_of_encoded_rows(net):
    encoded = net.feature_encoder_.transform(X)
    raw = net.net_.predict(encoded)
    assert raw.shape == (2, 60, 2)
    np.testing.assert_array_equal(raw, net.net_.forward(encoded))
    ((_, (expected,)),) = iter_raw([net.net_.module_], encoded)
    np.testing.assert_allclose(raw, expected, atol=1e-5)


def test_functions_score_epochs(net):
    assert net.net_.history[:, "n_held_out"] == [6, 6]


def test_compile_is_moot_for_steps_by_formulas():
    plain = MultiTaskNetRegressor(**SMALL).fit(X, Y)
    told = MultiTaskNetRegressor(net_params={"compile": True}, **SMALL)
    with pytest.warns(UserWarning, match="nothing to compile"):
        told.fit(X, Y)
    np.testing.assert_array_equal(told.predict(X), plain.predict(X))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"callbacks": [EpochScoring("r2")]}, "scoring='r2'"),
        ({"callbacks": [("s", EpochScoring("roc_auc"))]}, "scoring='roc_auc'"),
        ({"callbacks": [BatchScoring(lambda n, X, y: 1.0)]}, "on_batch_end"),
        ({"net_params": {"train_split": ValidSplit(3)}}, "X_val"),
        ({"net_params": {"train_split": predefined_split(Dataset(X, Y))}}, "X_val"),
        ({"net_params": {"iterator_train__num_workers": 1}}, "no loader works"),
        ({"net_params": {"iterator_valid__pin_memory": True}}, "no loader works"),
    ],
)
def test_what_is_not_offered_is_refused_before_training(asked, said):
    class Never(Callback):
        def on_train_begin(self, net, **kwargs):
            pytest.fail("training began")

    callbacks = [*asked.get("callbacks", []), Never()]
    with pytest.raises(ValueError, match=said):
        MultiTaskNetRegressor(**SMALL, **(asked | {"callbacks": callbacks})).fit(X, Y)
