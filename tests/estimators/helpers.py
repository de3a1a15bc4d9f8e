"""Settings and helpers that tests of the estimators share."""

import numpy as np
from skorch.callbacks import Callback

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.datasets import make_multitask
from sklearn_mtl.training import iter_raw

SMALL = {
    "hidden_layer_sizes": (8,),
    "n_members": 2,
    "max_iter": 3,
    "random_state": 0,
}
FULL_BATCH = {**SMALL, "early_stopping": False, "batch_size": 10_000}
NARROW_LAYERS = {
    "hidden_layer_sizes": (8, 6),
    "n_members": 2,
    "max_iter": 3,
    "random_state": 0,
}
TWO_LAYERS = {
    "hidden_layer_sizes": (16, 8),
    "n_members": 2,
    "max_iter": 5,
    "random_state": 0,
}
FIVE_MEMBERS = {
    "hidden_layer_sizes": (16,),
    "n_members": 5,
    "max_iter": 30,
    "learning_rate_init": 0.01,
    "dropout": 0.0,
    "n_bins": 0,
    "random_state": 0,
}
INTERVAL_METHODS = ("fold", "cv+")

# The net of `shop_net`, and the columns of `shop_y` by kind.
SHOP_NET = {
    "hidden_layer_sizes": (16,),
    "n_members": 2,
    "max_iter": 25,
    "learning_rate_init": 0.03,
    "random_state": 0,
}
NUMBERS = ["price", "amount"]
CLASSES = ["sold", "flag", "size"]


def learner(**parameters):
    """Return an estimator that learns the small tables well."""
    return MultiTaskNetEstimator(
        hidden_layer_sizes=(16,),
        n_members=2,
        max_iter=40,
        learning_rate_init=0.02,
        random_state=0,
        **parameters,
    )


class NoteRows(Callback):
    """Note which rows each member trains on."""

    def on_train_begin(self, net, X=None, **kwargs):
        n_members = len(net.criterion_.task_weight)
        self.trains = np.zeros((n_members, len(X.table)), dtype=bool)
        if X.row_weight is not None:
            self.trains[:, X.index.numpy()] = X.row_weight.numpy() > 0
        else:
            self.trains[:, X.index.numpy()] = True


def encoded(net, X):
    """Features as the net reads them: rounded as in training."""
    return net.feature_encoder_.transform(X, dtype=np.float32).astype(np.float64)


class Fitted:
    """A fitted net, its table, and what each member says of new rows."""

    def __init__(self, cls=MultiTaskNetEstimator, X=None, y=None, **parameters):
        self.X, self.y = X, y
        rows = NoteRows()
        self.net = cls(**{**FIVE_MEMBERS, **parameters}, callbacks=[rows]).fit(X, y)
        self.trains = rows.trains

    def members(self, X, t):
        """Responses of all members, by hand: (K, n, m)."""
        net = self.net
        features = encoded(net, X)
        alone = t in net.stack_.own_tasks
        used = net.own_net_ if alone else net.net_
        raw = np.concatenate(
            [parts[0] for _, parts in iter_raw([used.module_], features)], axis=1
        )
        raw = raw[used.members.learning(t)]
        task, raw = net.tasks_[t], raw[..., net.net_.criterion_.layout.slices[t]]
        prior = task.prior_raw_
        said = task.response(prior + net.shrinkage_[t] * (raw - prior))
        return tempered(said, net.temperature_[t]) if t in classes_of(net) else said

    def out_of_fold(self, t):
        """Mean response of the members that did not train on a row: (n, m)."""
        responses = self.members(self.X, t)
        held = ~self.trains
        with np.errstate(invalid="ignore"):
            return np.einsum("kn,knm->nm", held, responses) / held.sum(axis=0)[:, None]


def classes_of(net):
    return [t for t, task in enumerate(net.tasks_) if task.is_classifier]


def made_table(n_rows, kinds=("regression", "multiclass"), **parameters):
    return make_multitask(
        n_rows, 6, n_tasks=list(kinds), **{"random_state": 0, "noise": 0.3} | parameters
    )


def tempered(probabilities, temperature):
    powers = probabilities ** (1 / temperature)
    return powers / powers.sum(axis=-1, keepdims=True)


def slow_among_noise(n_rows=400, seed=0):
    """Return a column that takes long to learn, beside four that soon overfit."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, size=(n_rows, 4))
    slow = np.sin(6 * X[:, 0]) * np.cos(4 * X[:, 1]) + X[:, 2] * X[:, 3]
    noise = 0.3 * X[:, :1] + 3 * rng.normal(size=(n_rows, 4))
    return X, np.column_stack([noise[:, :2], slow, noise[:, 2:]])
