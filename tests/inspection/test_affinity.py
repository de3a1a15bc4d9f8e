"""Which column helps which."""

from copy import deepcopy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.datasets import load_student_performance, make_multitask
from sklearn_mtl.inspection import suggest_groups, task_affinity
from sklearn_mtl.nn import Autoencoder, VariationalAutoencoder
from tests.helpers import SMALL_NET, two_groups

METHODS = ["pairs", "gradient", "lookahead"]


# What columns share shows in the mean over several tables and many members; in skill,
# on many rows.
SEVERAL_MEMBERS = SMALL_NET | {"n_members": 8}


@pytest.mark.parametrize(
    ("method", "cv", "n_rows"),
    [
        ("pairs", [(np.arange(150), np.arange(150, 1150))], 1150),
        ("gradient", None, 150),
        ("lookahead", None, 150),
    ],
)
def test_related_columns_help_each_other_more(method, cv, n_rows):
    net = MultiTaskNetRegressor(**SEVERAL_MEMBERS | {"max_iter": 60})
    others = ~np.eye(4, dtype=bool)

    def help_of_others(relatedness, seed):
        X, y = make_multitask(
            n_rows, 8, relatedness=relatedness, noise=1.0, random_state=seed
        )
        return task_affinity(net, X, y, cv, method=method).affinity[others].mean()

    related, unrelated = (
        np.mean([help_of_others(relatedness, seed) for seed in range(2)])
        for relatedness in (1.0, 0.0)
    )

    assert related > max(unrelated, 0)


@pytest.mark.parametrize("method", ["gradient", "lookahead"])
def test_groups_of_columns_are_found(method):
    X, y = two_groups(300)

    found = task_affinity(MultiTaskNetRegressor(**SEVERAL_MEMBERS), X, y, method=method)

    assert suggest_groups(found, n_groups=2) == [[0, 1, 2], [3, 4, 5]]


def test_pairs_know_nothing_of_other_columns():
    """Other labels of the third column change nothing between the first two."""
    X, y = make_multitask(90, 6, n_tasks=3, random_state=0)
    other = y.copy()
    other[:, 2] = np.random.default_rng(0).permutation(other[:, 2])
    net = MultiTaskNetEstimator(**SMALL_NET | {"max_iter": 5})
    cv = [(np.arange(60), np.arange(60, 90))]

    before, after = (task_affinity(net, X, labels, cv) for labels in (y, other))

    assert_allclose(before.affinity[:2, :2], after.affinity[:2, :2])
    assert (before.affinity[2, :2] != after.affinity[2, :2]).all()
    assert (before.affinity.diagonal() == 0).all()
    assert before.skill.shape == (1, 3, 3)
    assert np.isnan(before.standard_error).all()


def test_pairs_are_two_way():
    """A pair is trained once: both skills are those of the same network."""
    X, y = make_multitask(90, 6, n_tasks=2, random_state=0)
    net = MultiTaskNetEstimator(
        **SMALL_NET | {"max_iter": 5, "early_stopping": False}, own_nets="never"
    )
    cv = [(np.arange(60), np.arange(60, 90))]

    found = task_affinity(net, X, y, cv)

    alone = found.skill[0].diagonal()
    assert_allclose(found.affinity[0, 1], found.skill[0, 0, 1] - alone[1])
    assert_allclose(found.affinity[1, 0], found.skill[0, 1, 0] - alone[0])


@pytest.mark.parametrize("method", METHODS)
def test_frames_of_any_kind_with_gaps_in_a_pipeline(method):
    X, y = load_student_performance(return_X_y=True, as_frame=True)
    X, y = X[["age", "studytime", "absences"]][:150], y[["G3", "higher", "Mjob"]][:150]
    y = y.mask(np.random.default_rng(0).random(y.shape) < 0.3)
    net = make_pipeline(
        StandardScaler(), MultiTaskNetEstimator(**SMALL_NET | {"max_iter": 5})
    )

    found = task_affinity(net, X, y, cv=2, method=method)
    again = task_affinity(net, X, y, cv=2, method=method)

    assert found.task_names == ["G3", "higher", "Mjob"]
    assert found.method == method
    assert np.isfinite(found.affinity).all()
    assert_array_equal(found.affinity, again.affinity)
    known = y.notna().to_numpy()
    assert found.overlap[0, 2] == pytest.approx((known[:, 0] & known[:, 2]).mean())


def test_measuring_leaves_training_as_it_is():
    histories = []

    class Remember(Callback):
        def on_train_end(self, net, **kwargs):
            histories.append(deepcopy(net.task_losses_))

    X, y = make_multitask(100, 6, n_tasks=2, random_state=0)
    settings = SMALL_NET | {"max_iter": 8, "dropout": 0.2, "callbacks": [Remember()]}
    net = MultiTaskNetRegressor(**settings, own_nets="never", calibrate=False)

    net.fit(X, y)
    for method in ("gradient", "lookahead"):
        task_affinity(net, X, y, method=method)

    assert len(histories) == 3
    for history in histories[1:]:
        assert_array_equal(history["train"], histories[0]["train"])
        assert_array_equal(history["valid"], histories[0]["valid"])


@pytest.mark.filterwarnings("ignore:Column 2 of y has no label")
@pytest.mark.parametrize("method", METHODS)
def test_a_column_without_labels_is_not_measured(method):
    X, y = make_multitask(60, 6, n_tasks=3, random_state=0)
    y[:, 2] = np.nan
    net = MultiTaskNetEstimator(**SMALL_NET | {"max_iter": 3})

    found = task_affinity(
        net, X, y, [(np.arange(40), np.arange(40, 60))], method=method
    )

    assert np.isnan(found.affinity[:2, 2]).all()
    assert np.isfinite(found.affinity[:2, :2]).all()
    with pytest.raises(ValueError, match="affinity of 0 to 2 is nan"):
        suggest_groups(found)


def test_what_cannot_be_measured_is_refused():
    X, y = make_multitask(60, 6, n_tasks=2, random_state=0)
    linear = MultiTaskNetEstimator(hidden_layer_sizes=())

    with pytest.raises(ValueError, match="single column"):
        task_affinity(MultiTaskNetEstimator(), X, y[:, 0])
    with pytest.raises(TypeError, match=r"Ridge\. Pass a MultiTaskNetEstimator"):
        task_affinity(Ridge(), X, y)
    with pytest.raises(ValueError, match=r"'method'.*Got 'cosine' instead"):
        task_affinity(MultiTaskNetEstimator(), X, y, method="cosine")
    with pytest.raises(ValueError, match=r"hidden_layer_sizes=\(\) leaves no layer"):
        task_affinity(linear, X, y, method="gradient")


@pytest.mark.parametrize("method", ["pairs", "gradient", "lookahead"])
@pytest.mark.parametrize("decoder", [VariationalAutoencoder(), Autoencoder(3)])
def test_networks_with_a_decoder(decoder, method):
    X, y = make_multitask(60, n_features=5, n_tasks=3, relatedness=1.0, random_state=0)
    y[40:] = np.nan
    net = MultiTaskNetEstimator(
        hidden_layer_sizes=(6,),
        n_members=1,
        max_iter=3,
        random_state=0,
        reconstruction=decoder,
    )
    found = task_affinity(net, X, y, cv=2 if method == "pairs" else None, method=method)
    assert np.isfinite(found.affinity).all()
