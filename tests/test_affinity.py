"""Which column helps which, the groups that follow, and their picture."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch
from skorch.callbacks import Callback

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.datasets import load_student_performance, make_multitask
from sklearn_mtl.inspection import suggest_groups, task_affinity
from sklearn_mtl.training import Teams

pd = pytest.importorskip("pandas")

METHODS = ["pairs", "gradient", "lookahead"]
SMALL = {
    "hidden_layer_sizes": (32,),
    "n_members": 2,
    "max_iter": 40,
    "learning_rate_init": 0.01,
    "random_state": 0,
}


class Initial(Callback):
    """Remember the network before its first step."""

    def on_train_begin(self, net, **kwargs):
        self.module = deepcopy(net.module_).double().eval()
        self.criterion = deepcopy(net.criterion_)


def one_measurement(X, y, method, **settings):
    """Affinity of initial weights on one batch of all rows, and these weights."""
    initial = Initial()
    net = MultiTaskNetEstimator(
        **{
            "n_bins": 0,
            "scale_inputs": False,
            "max_iter": 1,
            "batch_size": len(X),
            "early_stopping": False,
            "learning_rate_init": 0.1,
            "random_state": 3,
            **settings,
        },
        callbacks=[initial],
    )
    return task_affinity(net, X, y, method=method), initial


def two_groups(n_rows, seed=0):
    """Three columns that show one score, and three that show another one."""
    X, _, scores = make_multitask(
        n_rows, 8, n_tasks=2, relatedness=0, return_scores=True, random_state=seed
    )
    noise = np.random.default_rng(seed).normal(size=(n_rows, 6))
    return X, scores[:, [0, 0, 0, 1, 1, 1]] + noise


# -- by hand -------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["gradient", "lookahead"])
def test_one_linear_unit_by_hand(method):
    """A trunk of w and b under the heads a and c: formulas on paper."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=20)
    y = np.column_stack([2 * x + rng.normal(size=20), rng.normal(size=20) - x])

    found, initial = one_measurement(
        x[:, None],
        y,
        method,
        hidden_layer_sizes=(1,),
        activation="identity",
        n_members=1,
    )

    layer, heads = initial.module.trunk.layers[0], initial.module.heads
    w, b = layer.weight.item(), layer.bias.item()
    a, c = heads.weight.detach().numpy().ravel(), heads.bias.detach().numpy().ravel()
    z = (y - y.mean(axis=0)) / y.std(axis=0)

    def error(w, b):
        return a * (w * x + b)[:, None] + c - z

    # The loss is the mean squared error of z, in units of its variance, which is 1.
    by_w = 2 * a * (error(w, b) * x[:, None]).mean(axis=0)
    by_b = 2 * a * error(w, b).mean(axis=0)
    gradient = np.column_stack([by_w, by_b])
    if method == "gradient":
        norm = np.linalg.norm(gradient, axis=1)
        assert_allclose(
            found.affinity, gradient @ gradient.T / np.outer(norm, norm), rtol=1e-5
        )
        assert_allclose(found.norm_ratio, norm[:, None] / norm, rtol=1e-5)
        return
    now = (error(w, b) ** 2).mean(axis=0)
    for i, (step_w, step_b) in enumerate(0.1 * gradient):
        after = (error(w - step_w, b - step_b) ** 2).mean(axis=0)
        assert_allclose(found.affinity[i], 1 - after / now, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("overlapping", [True, False])
@pytest.mark.parametrize("heads", [(), (3,)])
def test_mixed_kinds_and_missing_labels_as_autograd_has_it(overlapping, heads):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(30, 3))
    y = np.column_stack([X[:, 0], X[:, 1] > 0, rng.normal(size=30)]).astype(float)
    y[:12, 0] = np.nan
    y[12:, 1] = np.nan
    if overlapping:
        y[:, 2] = X[:, 2]
    else:
        y[5:, 2] = np.nan
    settings = {
        "hidden_layer_sizes": (4, 3),
        "head_hidden_layer_sizes": heads,
        "n_members": 2,
    }

    cosine, initial = one_measurement(X, y, "gradient", **settings)
    gain, _ = one_measurement(X, y, "lookahead", **settings)

    module, layout = initial.module, initial.criterion.layout
    known = [~np.isnan(y[:, t]) for t in range(3)]
    codes = np.nan_to_num(y)
    for t in (0, 2):
        labels = y[known[t], t]
        codes[:, t] = (codes[:, t] - labels.mean()) / labels.std()

    def losses(module):
        raw = module(torch.from_numpy(X))
        of_labels = layout.losses(raw, torch.from_numpy(codes[:, layout.order]))
        return torch.stack(
            [
                of_labels[:, known[t], place].mean(dim=1)
                for t, place in enumerate(layout.inverse)
            ],
            dim=1,
        )

    now = losses(module)
    trunk = list(module.trunk.parameters())
    gradients = [
        torch.autograd.grad(now[:, t].sum(), trunk, retain_graph=True) for t in range(3)
    ]
    flat = torch.stack([torch.cat([g.flatten(1) for g in gs], 1) for gs in gradients])
    expected = torch.cosine_similarity(flat[:, None], flat[None], dim=-1).mean(dim=-1)
    assert_allclose(cosine.affinity, expected, rtol=1e-4, atol=1e-6)
    cost = layout.prior_cost.numpy()[layout.inverse]
    for t in range(3):
        stepped = deepcopy(module)
        with torch.no_grad():
            for weight, gradient in zip(
                stepped.trunk.parameters(), gradients[t], strict=True
            ):
                weight -= 0.1 * gradient / cost[t]
            share = (1 - losses(stepped) / now).mean(dim=0)
        assert_allclose(gain.affinity[t], share, rtol=1e-3, atol=1e-7)
    assert cosine.overlap[0, 1] == 0
    assert_allclose(np.diag(cosine.overlap), [np.mean(k) for k in known])


# -- what is measured ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "settings"),
    [
        ("pairs", {"max_iter": 60}),
        ("gradient", {}),
        ("lookahead", {}),
    ],
)
def test_related_columns_help_each_other_more(method, settings):
    affinity = []
    for relatedness in (1.0, 0.0):
        X, y = make_multitask(
            150, 8, n_tasks=4, relatedness=relatedness, noise=1.0, random_state=0
        )
        net = MultiTaskNetRegressor(**SMALL | settings)
        found = task_affinity(net, X, y, method=method)
        others = ~np.eye(4, dtype=bool)
        affinity.append(found.affinity[others].mean())

    assert affinity[0] > max(affinity[1], 0)


@pytest.mark.parametrize("method", ["gradient", "lookahead"])
def test_groups_of_columns_are_found(method):
    X, y = two_groups(300)

    found = task_affinity(MultiTaskNetRegressor(**SMALL), X, y, method=method)

    assert suggest_groups(found, n_groups=2) == [[0, 1, 2], [3, 4, 5]]


def test_pairs_know_nothing_of_other_columns():
    """Other labels of the third column change nothing between the first two."""
    X, y = make_multitask(90, 6, n_tasks=3, random_state=0)
    other = y.copy()
    other[:, 2] = np.random.default_rng(0).permutation(other[:, 2])
    net = MultiTaskNetEstimator(**SMALL | {"max_iter": 5})
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
        **SMALL | {"max_iter": 5, "early_stopping": False}, sharing="hard"
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
        StandardScaler(), MultiTaskNetEstimator(**SMALL | {"max_iter": 5})
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
    settings = SMALL | {"max_iter": 8, "dropout": 0.2, "callbacks": [Remember()]}
    net = MultiTaskNetRegressor(**settings, sharing="hard", calibrate=False)

    net.fit(X, y)
    for method in ("gradient", "lookahead"):
        task_affinity(net, X, y, method=method)

    assert len(histories) == 3
    for history in histories[1:]:
        assert_array_equal(history["train"], histories[0]["train"])
        assert_array_equal(history["valid"], histories[0]["valid"])


def test_teams_keep_the_weights_that_columns_have_to_each_other():
    weights = []
    net = Bunch(
        task_weight=np.tile([0.1, 0.3, 0.6, 0.0], (8, 1)), weigh_tasks=weights.append
    )

    Teams([(0, 1, 2, 3), (0, 1), (2,), (3,)]).on_train_begin(net)

    expected = [[0.1, 0.3, 0.6, 0], [0.25, 0.75, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert_allclose(weights[0], np.repeat(expected, 2, axis=0))


@pytest.mark.filterwarnings("ignore:Column 2 of y has no label")
@pytest.mark.parametrize("method", METHODS)
def test_a_column_without_labels_is_not_measured(method):
    X, y = make_multitask(60, 6, n_tasks=3, random_state=0)
    y[:, 2] = np.nan
    net = MultiTaskNetEstimator(**SMALL | {"max_iter": 3})

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


# -- groups --------------------------------------------------------------------------


def test_groups_by_hand():
    affinity = np.array(
        [
            [9.0, 0.4, -0.3, -0.1],
            [0.2, 9.0, -0.1, 0.0],
            [-0.3, 0.1, 9.0, 0.1],
            [0.1, -0.2, 0.5, 9.0],
        ]
    )
    named = Bunch(affinity=affinity, task_names=["a", "b", "c", "d"])

    # Both ways: ab and cd 0.3; ac -0.3, ad 0, bc 0, bd -0.1, which is -0.1 on average.
    assert suggest_groups(affinity) == [[0, 1], [2, 3]]
    assert suggest_groups(named) == [["a", "b"], ["c", "d"]]
    assert suggest_groups(named, n_groups=1) == [["a", "b", "c", "d"]]
    assert suggest_groups(named, n_groups=4) == [["a"], ["b"], ["c"], ["d"]]
    assert suggest_groups(named, n_groups=3) in (
        [["a", "b"], ["c"], ["d"]],
        [["a"], ["b"], ["c", "d"]],
    )


def test_groups_without_any_gain_are_single_columns():
    assert suggest_groups(-np.ones((3, 3))) == [[0], [1], [2]]
    assert suggest_groups(np.zeros((3, 3))) == [[0], [1], [2]]
    assert suggest_groups(np.ones((1, 1))) == [[0]]
    # Affinities that cancel out, up to rounding, are not above 0.
    cancel = np.array([[0, 0.7, 0.1], [0.7, 0, -0.1], [0.1, -0.1, 0]])
    assert suggest_groups(cancel) == [[0, 1], [2]]


def test_wrong_groups_are_refused():
    with pytest.raises(ValueError, match="n_groups=4 is more than the 3 columns"):
        suggest_groups(np.ones((3, 3)), n_groups=4)
    with pytest.raises(ValueError, match="'n_groups'"):
        suggest_groups(np.ones((3, 3)), n_groups=0)
    with pytest.raises(ValueError, match=r"shape \(2, 3\)"):
        suggest_groups(np.ones((2, 3)))
    with pytest.raises(ValueError, match="affinity of 'b' to 'a' is nan"):
        suggest_groups(
            Bunch(affinity=[[0, 1], [np.nan, 0]], task_names=["a", "b"]), n_groups=1
        )


# -- pictures ------------------------------------------------------------------------


@pytest.fixture
def plt():
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


def overlapping(texts):
    """Pairs of texts that cover each other."""
    boxes = [t.get_window_extent() for t in texts if t.get_text() and t.get_visible()]
    return [
        (i, j)
        for i in range(len(boxes))
        for j in range(i)
        if boxes[i].overlaps(boxes[j])
    ]


def long_names(n):
    return [f"measurement_of_the_quantity_number_{i}" for i in range(n)]


def made(n_tasks, names=None, scale=0.1):
    """Affinities of columns in two groups, every other one."""
    rng = np.random.default_rng(0)
    together = np.add.outer(np.arange(n_tasks), np.arange(n_tasks)) % 2 == 0
    affinity = scale * (together - 0.5 + 0.1 * rng.normal(size=(n_tasks, n_tasks)))
    names = names or [f"task_{t}" for t in range(n_tasks)]
    return Bunch(affinity=affinity, task_names=names, method="pairs")


def labels_of(axis):
    return [text.get_text() for text in axis.get_ticklabels()]


def test_map_puts_groups_side_by_side(plt):
    from sklearn_mtl.plotting import TaskAffinityDisplay

    found = made(6)

    display = TaskAffinityDisplay(found).plot()

    assert display.groups_ == [
        ["task_0", "task_2", "task_4"],
        ["task_1", "task_3", "task_5"],
    ]
    shown = labels_of(display.ax_.yaxis)
    assert shown == labels_of(display.ax_.xaxis)
    assert {frozenset(shown[:3]), frozenset(shown[3:])} == set(
        map(frozenset, display.groups_)
    )
    order = [found.task_names.index(name) for name in shown]
    cells = display.im_.get_array()
    assert cells.mask.diagonal().all()
    assert cells[0, 1] == found.affinity[order[0], order[1]]
    low, high = display.im_.get_clim()
    assert low == -high
    frames = display.ax_.patches
    assert [frame.get_width() for frame in frames] == [3, 3]
    assert f"{cells[0, 1]:.2f}" in [text.get_text() for text in display.ax_.texts]


@pytest.mark.parametrize("n_tasks", [3, 20])
def test_map_of_long_names_is_legible(plt, n_tasks):
    from sklearn_mtl.plotting import TaskAffinityDisplay

    display = TaskAffinityDisplay(made(n_tasks, long_names(n_tasks))).plot()

    display.figure_.canvas.draw()
    ax, width = display.ax_, display.figure_.bbox.width
    assert width <= 1000
    shown = labels_of(ax.yaxis)
    assert len(set(shown)) == n_tasks
    assert all("…" in name for name in shown)
    texts = [
        *ax.get_xticklabels(),
        *ax.get_yticklabels(),
        ax.xaxis.label,
        ax.yaxis.label,
    ]
    assert not overlapping(texts)
    for text in [*texts, display.figure_.axes[1].yaxis.label]:
        box = text.get_window_extent()
        assert min(box.x0, box.y0) >= 0
        assert box.x1 <= width
        assert box.y1 <= display.figure_.bbox.height
    assert bool(ax.texts) == (n_tasks == 3)


def test_map_of_small_affinities_and_unknown_ones(plt):
    from sklearn_mtl.plotting import TaskAffinityDisplay

    found = made(3, scale=1e-3)
    found.affinity[0, 1] = np.nan
    _, ax = plt.subplots()

    display = TaskAffinityDisplay(found).plot(ax=ax)

    assert display.ax_ is ax
    assert display.groups_ is None
    assert [t.get_text() for t in ax.texts].count("?") == 1
    assert labels_of(ax.yaxis) == found.task_names
    assert "10^{-4}" in display.figure_.axes[1].get_ylabel()


def test_map_from_estimator(plt):
    from sklearn_mtl.plotting import TaskAffinityDisplay

    X, y = two_groups(100)
    net = MultiTaskNetRegressor(**SMALL | {"max_iter": 5})

    display = TaskAffinityDisplay.from_estimator(
        net, X, y, method="lookahead", n_groups=3
    )

    assert len(display.groups_) == len(display.ax_.patches) == 3
    assert display.affinity.method == "lookahead"


def test_curves_of_twenty_long_names_are_legible(plt):
    from sklearn_mtl.plotting import TrainingCurveDisplay

    loss = np.ones((5, 2, 20))

    display = TrainingCurveDisplay(
        epochs=np.arange(1, 6),
        train_loss=loss,
        valid_loss=0.9 * loss,
        task_names=long_names(20),
        best_epoch=np.array([2, 3]),
    ).plot()

    display.figure_.canvas.draw()
    assert display.figure_.bbox.width <= 1000
    titles = [ax.title for ax in display.axes_]
    assert len({title.get_text() for title in titles}) == 20
    assert not overlapping([*titles, *display.figure_.legends[0].get_texts()])


def test_names_that_differ_at_their_end_only_stay_apart():
    from sklearn_mtl.plotting._names import short_names

    assert short_names(["abcdefgh", 1], 5) == ["abcd…", "1"]
    assert short_names(["abcdefg1", "abcdefg2"], 5) == ["ab…g1", "ab…g2"]


@pytest.mark.parametrize("method", ["pairs", "gradient", "lookahead"])
@pytest.mark.parametrize("decoder", [{"generative": True}, {"n_unsupervised_units": 3}])
def test_networks_with_a_decoder(decoder, method):
    X, y = make_multitask(60, n_features=5, n_tasks=3, relatedness=1.0, random_state=0)
    y[40:] = np.nan
    net = MultiTaskNetEstimator(
        hidden_layer_sizes=(6,), n_members=1, max_iter=3, random_state=0, **decoder
    )
    found = task_affinity(net, X, y, cv=2 if method == "pairs" else None, method=method)
    assert np.isfinite(found.affinity).all()
