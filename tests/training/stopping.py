"""A small table on which members stop in unlike epochs, and fits to compare."""

import numpy as np
from skorch.callbacks import Callback
from torch.testing import assert_close

from sklearn_mtl import MultiTaskNetEstimator

FULL_BATCH = {"batch_size": 1000}
"""Nothing is drawn while training: it is the same whoever stands beside a member."""


def noisy_table(n_rows=120, n_tasks=3, seed=0):
    """Return a number, two classes and three classes, with gaps and much noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 4))
    noise = rng.normal(size=(n_rows, 3))
    y = np.column_stack(
        [
            X[:, 0] + noise[:, 0],
            X[:, 1] + noise[:, 1] > 0,
            np.digitize(X[:, 2] + noise[:, 2], [-0.5, 0.5]),
        ]
    )
    y[::7, 0] = np.nan
    return X, y[:, :n_tasks]


TABLE = noisy_table()


ONE_BY_ONE = {"callbacks__stop_together": None}
"""Each member stops by its own loss, whoever stands beside it."""


def impatient(**params):
    """Return a net whose members stop one after another within some 15 epochs."""
    defaults = {
        "hidden_layer_sizes": (8,),
        "n_members": 5,
        "max_iter": 40,
        "n_iter_no_change": 3,
        "learning_rate_init": 0.03,
        "dropout": 0.0,
        "own_nets": "never",
        "net_params": ONE_BY_ONE,
        "dtype": "float64",
        "device": "cpu",
        "random_state": 0,
    }
    return MultiTaskNetEstimator(**(defaults | params))


def at_work(net):
    """Members that each epoch trained, (epochs, K)."""
    return ~np.isnan(net.task_losses_["train"]).all(axis=2)


def parameters_of(net):
    return [*net.module_.parameters(), *net.criterion_.parameters()]


def assert_same_weights(net, other, **tolerance):
    for own, expected in zip(parameters_of(net), parameters_of(other), strict=True):
        assert_close(own, expected, **tolerance)


class AtEpochEnd(Callback):
    """Do something at the end of each epoch."""

    def __init__(self, do):
        self.do = do

    def on_epoch_end(self, net, **kwargs):
        self.do(net)
