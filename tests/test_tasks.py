"""Kinds of columns: labels and codes, losses, priors, predictions, scores."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import gammaln, logsumexp
from sklearn.metrics import accuracy_score, log_loss, r2_score

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.tables import TargetTable
from sklearn_mtl.tasks import (
    KINDS,
    Binary,
    Multiclass,
    OutputLayout,
    Regression,
    Task,
    per_column,
    resolve_tasks,
)

PROPERTY = settings(deadline=None, max_examples=60, derandomize=True)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Nets this small lose more than they gain by several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def columns_of(y):
    return TargetTable(y).columns


def column_of(y):
    return columns_of(y)[0]


def of_objects(*cells):
    array = np.empty(len(cells), dtype=object)
    array[:] = cells
    return array


def fitted(task, y, weight=None):
    column = column_of(y)
    weight = np.ones(len(column)) if weight is None else weight
    return task.fit(column, np.where(column.missing, 0.0, weight))


def fitted_like(n_classes):
    """Return a task with as many classes; 0 stands for a column of numbers."""
    if n_classes == 0:
        return fitted(Regression(), np.arange(5.0) ** 2)
    kind = Binary if n_classes == 2 else Multiclass
    return fitted(kind(), np.arange(2 * n_classes) % n_classes)


def normal(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


# Kind of a column


@pytest.mark.parametrize(
    ("y", "kind"),
    [
        (np.array([0.5, 2.0]), Regression),
        (np.array([1, 2, 3]), Regression),
        (np.array([0, 1, 2]), Regression),
        (np.array([0, 2]), Regression),
        (np.array([-1, 1]), Regression),
        (np.array([0, 1, 1]), Binary),
        (np.array([0.0, np.nan, 1.0]), Binary),
        (np.array([1.0, np.nan]), Binary),
        (np.array([0, 0]), Binary),
        (np.array([np.nan, np.nan]), Regression),
        (np.array([True, False]), Binary),
        (np.array(["a", "b"]), Binary),
        (np.array(["a", "b", "c"]), Multiclass),
        (np.array(["0", "1", "2"]), Multiclass),
        (of_objects(1, None, 2.5), Regression),
        (of_objects(0, None, 1), Binary),
        (of_objects(True, None, False), Binary),
        (of_objects("a", 1, 2.5), Multiclass),
        (pd.Series([1, 2, 3], dtype="category"), Multiclass),
        (pd.Series([1, None, 2], dtype="Int64"), Regression),
        (pd.Series([1, None, 0], dtype="Int64"), Binary),
        (pd.Series([True, None], dtype="boolean"), Binary),
        (pd.Series(["x", None, "y"], dtype="string"), Binary),
    ],
)
def test_kind_of_a_column_follows_from_its_type_and_labels(y, kind):
    (task,) = resolve_tasks(columns_of(y), None)

    assert type(task) is kind


def test_kind_of_a_number_is_that_of_the_estimator_where_it_has_one():
    columns = columns_of(np.array([[0, 7], [1, 8], [0, 9]]))

    as_numbers = resolve_tasks(columns, None, default="regression")
    as_classes = resolve_tasks(columns, None, default="classes")

    assert [type(task) for task in as_numbers] == [Regression, Regression]
    assert [type(task) for task in as_classes] == [Binary, Multiclass]


@pytest.mark.parametrize(
    ("task_types", "kinds"),
    [
        ("multiclass", [Multiclass, Multiclass, Multiclass]),
        (Multiclass(), [Multiclass, Multiclass, Multiclass]),
        (["regression", None, Multiclass()], [Regression, Regression, Multiclass]),
        (np.array(["regression"] * 3), [Regression, Regression, Regression]),
        ({"b": "multiclass"}, [Binary, Multiclass, Binary]),
        ({}, [Binary, Regression, Binary]),
    ],
    ids=["name", "object", "list", "array", "some columns", "none"],
)
@pytest.mark.parametrize("default", ["auto", "classes"])
def test_task_types_win_over_the_rule(task_types, kinds, default):
    frame = pd.DataFrame({"a": [0, 1], "b": [2.0, 3.0], "c": [1, 0]})

    tasks = resolve_tasks(columns_of(frame), task_types, default=default)

    if default == "classes":  # where task_types says nothing, two classes are binary
        wanted = per_column(task_types, ["a", "b", "c"], "task_types")
        kinds = [
            kind if want is not None else Binary
            for kind, want in zip(kinds, wanted, strict=True)
        ]
    assert [type(task) for task in tasks] == kinds


def test_one_task_object_for_all_columns_is_cloned_for_each():
    kind = Multiclass(classes=[0, 1, 2])

    first, second = resolve_tasks(columns_of(np.eye(2)), kind)

    assert len({id(task) for task in (kind, first, second)}) == 3
    assert first.classes == second.classes == [0, 1, 2]


@pytest.mark.parametrize(
    ("task_types", "error", "message"),
    [
        ("ordinal2", ValueError, "'ordinal2' for column 'a'. Known kinds are 'regr"),
        ({"b": 3}, TypeError, "says 3 for column 'b'. Pass the name of a kind"),
        ([Regression, None], TypeError, "for column 'a'. Pass the name of a kind"),
        ({"c": "binary"}, ValueError, "names 'c', which is no column of y.*'a', 'b'"),
        (["binary"], ValueError, "has 1 entries, but y has 2 columns"),
    ],
)
def test_unknown_kind_or_column_is_refused(task_types, error, message):
    frame = pd.DataFrame({"a": [0, 1], "b": [2.0, 3.0]})

    with pytest.raises(error, match=message):
        resolve_tasks(columns_of(frame), task_types)


# Losses


def test_binary_loss_is_log_loss():
    labels = np.array([0, 1, 1, 0, 1])
    task = fitted(Binary(), labels)
    raw = 3 * normal(4, 5, 1)
    codes = torch.from_numpy(task.encode(column_of(labels)))

    loss = Binary.loss(raw, codes).mean(dim=1)

    expected = [log_loss(labels, p, labels=[0, 1]) for p in task.response(raw.numpy())]
    assert_allclose(loss, expected, rtol=1e-6)


def test_multiclass_loss_is_log_loss():
    labels = np.array(["b", "a", "d", "c", "a"])
    task = fitted(Multiclass(), labels)
    raw = 3 * normal(4, 5, 4)
    codes = torch.from_numpy(task.encode(column_of(labels)))

    loss = Multiclass.loss(raw, codes).mean(dim=1)

    expected = [log_loss(labels, p) for p in task.response(raw.numpy())]
    assert_allclose(loss, expected, rtol=1e-6)


def test_regression_loss_is_half_the_squared_error_in_deviations():
    labels = np.array([10.0, 30.0, 80.0])
    task = fitted(Regression(), labels)
    raw = normal(4, 3, 1)
    codes = torch.from_numpy(task.encode(column_of(labels)))

    loss = Regression.loss(raw, codes)

    error = (task.response(raw.numpy())[..., 0] - labels) / labels.std()
    assert_allclose(loss, error**2 / 2, rtol=1e-6)


@pytest.mark.parametrize(
    ("loss", "n_outputs"),
    [(Regression.loss, 1), (Binary.loss, 1), (Multiclass.loss, 3)],
)
def test_gradient_of_the_loss_is_right(loss, n_outputs):
    codes = torch.tensor([0.0, 1.0, 1.0], dtype=torch.float64)
    raw = normal(2, 3, n_outputs).requires_grad_()

    assert torch.autograd.gradcheck(lambda raw: loss(raw, codes), raw)


@pytest.mark.parametrize("kind", [Binary, Multiclass])
def test_loss_and_response_stay_finite_far_out(kind):
    task = fitted(kind(), np.array([0, 1]))
    raw = torch.tensor([-1e4, 1e4], dtype=torch.float64)
    raw = raw.view(2, 1) if kind is Binary else torch.stack([-raw, raw], dim=-1)
    codes = torch.tensor([1.0, 0.0], dtype=torch.float64)

    loss = kind.loss(raw, codes)

    assert loss.isfinite().all()
    assert (loss > 9e3).all()
    assert_array_equal(task.response(raw.numpy()), [[1, 0], [0, 1]])


# Prior


@PROPERTY
@given(
    st.sampled_from([Regression, Binary, Multiclass]),
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.0, 0.5, 1.0, 3.0]))),
)
def test_prior_costs_the_mean_loss_of_its_raw_outputs(kind, rows):
    labels = [float(label % 2 if kind is Binary else label) for label, _ in rows]
    labels = np.array([0.0, 1.0, np.nan, *labels])
    weight = np.array([1.0, 2.0, 9.0, *(weight for _, weight in rows)])
    task = fitted(kind(), labels, weight)
    counts = (weight > 0) & ~np.isnan(labels)

    codes = torch.from_numpy(task.encode(column_of(labels[counts])))
    raw = torch.from_numpy(task.prior_raw_).expand(len(codes), -1)
    loss = np.average(kind.loss(raw, codes), weights=weight[counts])

    assert_allclose(task.prior_cost_, loss, rtol=1e-6)


@pytest.mark.parametrize("kind", [Regression, Binary, Multiclass])
def test_prior_is_the_best_constant(kind):
    labels = np.array([0.0, 1.0, 1.0, 1.0])
    task = fitted(kind(), labels)
    codes = torch.from_numpy(task.encode(column_of(labels)))
    raw = torch.from_numpy(task.prior_raw_).expand(4, -1).clone().requires_grad_()

    kind.loss(raw, codes).sum().backward()

    assert_allclose(raw.grad.sum(dim=0), 0, atol=1e-12)


def test_response_to_the_prior_is_mean_and_shares():
    weight = np.array([1.0, 1.0, 2.0])
    regression = fitted(Regression(), np.array([1.0, 2.0, 6.0]), weight)
    binary = fitted(Binary(), np.array(["n", "y", "y"]), weight)
    multiclass = fitted(Multiclass(), np.array(["a", "b", "c"]), weight)

    assert_allclose(regression.response(regression.prior_raw_), [3.75])
    assert_allclose(binary.response(binary.prior_raw_), [0.25, 0.75])
    assert_allclose(multiclass.response(multiclass.prior_raw_), [0.25, 0.25, 0.5])


@pytest.mark.parametrize(
    ("task", "labels"),
    [
        (Regression(), np.array([0.1, 0.1, 0.1])),
        (Regression(), np.array([1e9, 1e9])),
        (Regression(), np.array([np.nan, np.nan])),
        (Binary(), np.array(["a", "a"])),
        (Binary(), of_objects(None, None)),
        (Multiclass(), np.array(["a", "a"])),
        (Multiclass(), of_objects(None, None)),
    ],
)
def test_column_with_nothing_to_learn_costs_nothing(task, labels):
    fitted(task, labels)
    layout = OutputLayout([task])

    assert task.prior_cost_ == 0
    assert (1.0 / layout.prior_cost == 0).all()
    assert np.isfinite(task.prior_raw_).all()


@pytest.mark.parametrize("unit", [1e-30, 1e-3, 1.0, 1e30])
@pytest.mark.parametrize("shift", [0.0, 100.0])
def test_regression_is_the_same_in_every_unit(unit, shift):
    labels = shift + np.array([1.0, 2.0, 5.0])
    task = fitted(Regression(), labels * unit)

    assert task.prior_cost_ == pytest.approx(0.5)
    codes = task.encode(column_of(labels * unit))
    assert_allclose(codes, (labels - labels.mean()) / labels.std(), rtol=1e-9)
    assert_allclose(task.response(codes[:, None])[:, 0], labels * unit, rtol=1e-9)


# Every kind


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_keeps_the_contract(name):
    rng = np.random.default_rng(0)
    labels = rng.integers(1, 3 if name == "binary" else 6, 40).astype(float)
    labels[::7] = np.nan
    column, weight = column_of(labels), rng.integers(0, 3, 40).astype(float)
    weight[column.missing] = 0
    (task,) = resolve_tasks([column], name)
    task.fit(column, weight)
    codes = task.encode(column)
    counts = weight > 0
    observed = torch.from_numpy(codes[counts])

    assert_array_equal(np.isnan(codes), np.isnan(labels))
    prior = torch.from_numpy(task.prior_raw_).expand(counts.sum(), -1)
    mean_loss = np.average(task.loss(prior, observed), weights=weight[counts])
    assert task.prior_cost_ == pytest.approx(mean_loss, rel=1e-6)
    assert task.prior_cost_ > 0

    raw = normal(2, 4, task.n_outputs_).requires_grad_()
    assert torch.autograd.gradcheck(lambda raw: task.loss(raw, observed[:4]), raw)
    # A missing label has the code 0, whose loss is then multiplied by 0.
    assert task.loss(raw, torch.zeros(4, dtype=torch.float64)).isfinite().all()

    response = task.response(raw.detach().numpy())
    assert response.shape[:2] == (2, 4)
    if task.is_classifier:
        assert_allclose(response.sum(axis=-1), 1, rtol=1e-12)
    predictions = task.predict(response[0])
    assert predictions.shape == (4,)
    assert np.isfinite(predictions.astype(float)).all()
    known = labels[counts]
    assert task.score(known, known, weight[counts]) == 1


# Labels to codes and back

LABELS = {
    Regression: st.floats(-1e6, 1e6),
    Binary: st.sampled_from(["no", "yes"]),
    Multiclass: st.one_of(st.integers(0, 5), st.sampled_from(["a", "b", "c"])),
}


@pytest.mark.parametrize("kind", LABELS)
@PROPERTY
@given(st.data())
def test_predictions_of_the_codes_are_the_labels(kind, data):
    cells = data.draw(st.lists(st.none() | LABELS[kind], min_size=1, max_size=12))
    column = column_of(of_objects(*cells))
    task = fitted(kind(), of_objects(*cells))

    codes = task.encode(column)

    assert_array_equal(np.isnan(codes), column.missing)
    observed = codes[~column.missing]
    if task.is_classifier:
        response = np.eye(max(1, len(task.classes_)))[observed.astype(int)]
        assert task.predict(response).tolist() == column.observed.tolist()
    else:
        back = task.predict(task.response(observed[:, None]))
        assert_allclose(back, column.observed, rtol=1e-9, atol=1e-6)


@PROPERTY
@given(st.integers(2, 9), st.integers(0, 2**16))
def test_responses_of_classes_are_probabilities(n_classes, seed):
    task = fitted_like(n_classes)
    raw = 10 * normal(3, 5, task.n_outputs_, seed=seed).numpy()

    response = task.response(raw)

    assert response.shape == (3, 5, n_classes)
    assert (response >= 0).all()
    assert_allclose(response.sum(axis=-1), 1, rtol=1e-12)
    if n_classes > 2:
        logits = raw - logsumexp(raw, axis=-1, keepdims=True)
        assert_allclose(response, np.exp(logits), rtol=1e-9)
    likely = raw.argmax(axis=-1) if n_classes > 2 else raw[..., 0] > 0
    assert_array_equal(task.predict(response[0]), likely[0])


@pytest.mark.parametrize(
    "labels",
    [
        np.array([3, 1, 2], dtype=np.int8),
        np.array([3.0, 1.0, np.nan], dtype=np.float32),
        np.array(["b", "a", "ccc"]),
        np.array([True, False]),
        pd.Series(["b", "a"], dtype="string"),
        pd.Series([10, 9], dtype="category"),
    ],
    ids=lambda labels: str(labels.dtype),
)
def test_classes_are_sorted_and_of_the_type_of_the_labels(labels):
    task = fitted(Multiclass(), labels)

    observed = column_of(labels).observed
    assert task.classes_.tolist() == sorted(observed.tolist())
    if isinstance(labels, np.ndarray):
        assert task.classes_.dtype == labels.dtype


def test_label_not_seen_in_fit_is_refused_by_encode():
    task = fitted(Multiclass(), pd.DataFrame({"town": ["Ulm", "Bonn", "Jena"]}))
    column = column_of(pd.DataFrame({"town": ["Ulm", None, "Kiel"]}))

    with pytest.raises(
        ValueError, match=r"'town' of y holds the label 'Kiel'.*classes="
    ):
        task.encode(column)


def test_declared_category_without_label_is_no_class():
    y = pd.Series(pd.Categorical(["a", "b", None], ["c", "b", "a"]))

    assert fitted(Binary(), y).classes_.tolist() == ["a", "b"]


def test_expected_classes_are_classes_though_no_label_shows_them():
    task = fitted(Multiclass(classes=["c", "a", "b"]), np.array(["a", "b", "a"]))

    assert task.classes_.tolist() == ["a", "b", "c"]
    assert task.n_outputs_ == 3
    assert (task.prior_ > 0).all()
    assert task.prior_.argmax() == 0
    assert task.prior_.argmin() == 2
    assert_allclose(task.prior_.sum(), 1)
    assert task.encode(column_of(np.array(["c", "a"]))).tolist() == [2, 0]


@pytest.mark.parametrize(
    ("task", "labels", "message"),
    [
        (Binary(), ["a", "b", "c"], "Column 0 of y holds 3 classes .*'multiclass'"),
        (Binary(classes=["a", "b"]), ["a", "z"], "label 'z', which is not among"),
        (Multiclass(), [0.5, 1.0], "continuous. Column 0 of y holds .*0.5.*Regressor"),
        (Multiclass(), [np.inf, 1.0], "infinity in column 0.*Replace it"),
        (Regression(), [1.0, np.inf], "column 0 holds inf. Replace it"),
        (Regression(), ["u", "v"], "0 of y holds 'u', which is no number.*multiclass"),
    ],
)
def test_labels_outside_the_kind_are_refused(task, labels, message):
    with pytest.raises(ValueError, match=message):
        fitted(task, np.array(labels))


# Layout

MIXED = [3, 0, 2, 7, 0, 9, 2, 1, 4, 0, 5, 3, 8, 2, 6]
"""Classes of each column, in an order that no kind keeps together; 0 is a number."""


@pytest.fixture(scope="module")
def tasks():
    return [fitted_like(n_classes) for n_classes in MIXED]


def codes_for(n_rows, seed=0):
    rng = np.random.default_rng(seed)
    columns = [rng.integers(0, max(n, 1) if n else 5, n_rows) for n in MIXED]
    return torch.from_numpy(np.column_stack(columns).astype(np.float64))


def test_losses_of_all_columns_equal_a_loop_over_columns(tasks):
    layout = OutputLayout(tasks)
    raw, codes = normal(3, 11, layout.n_outputs), codes_for(11)

    losses = layout.losses(raw, codes[:, layout.order])[..., layout.inverse]

    expected = [
        task.loss(raw[..., layout.slices[t]], codes[:, t].expand(3, -1))
        for t, task in enumerate(tasks)
    ]
    assert_allclose(losses, torch.stack(expected, dim=-1), rtol=1e-12)


def test_codes_may_differ_by_member(tasks):
    layout = OutputLayout(tasks)
    raw = normal(2, 11, layout.n_outputs)
    codes = torch.stack([codes_for(11, seed) for seed in (1, 2)])[..., layout.order]

    together = layout.losses(raw, codes)

    for k in range(2):
        alone = layout.losses(raw[[k]], codes[k])[0]
        assert_allclose(together[k], alone, rtol=1e-12)


def test_order_leads_to_blocks_and_inverse_back(tasks):
    layout = OutputLayout(tasks)

    assert_array_equal(layout.order[layout.inverse], np.arange(len(tasks)))
    ordered = [tasks[t] for t in layout.order]
    keys = [task.block_key() for task in ordered]
    changes = sum(a != b for a, b in pairwise(keys))
    assert changes == len(layout.blocks) - 1 == len(set(keys)) - 1
    assert_allclose(layout.prior_cost, [task.prior_cost_ or np.inf for task in ordered])


def test_each_task_owns_outputs_of_its_own(tasks):
    layout = OutputLayout(tasks)
    owners = np.zeros(layout.n_outputs, dtype=int)

    for t, (task, outputs) in enumerate(zip(tasks, layout.slices, strict=True)):
        owners[outputs] += 1
        assert outputs.stop - outputs.start == task.n_outputs_
        assert (layout.task_of_output[outputs] == t).all()
        assert_array_equal(layout.prior_raw[outputs], task.prior_raw_)

    assert_array_equal(owners, ~layout.padding.numpy())


@pytest.mark.parametrize("value", [1e9, -1e9, torch.inf, torch.nan])
def test_padded_logits_never_matter(tasks, value):
    layout = OutputLayout(tasks)
    codes = codes_for(5)[:, layout.order]
    raw = normal(2, 5, layout.n_outputs)
    other = raw.clone()
    other[..., layout.padding] = value
    other.requires_grad_()

    losses = layout.losses(other, codes)
    losses.sum().backward()

    assert layout.padding.any()
    assert_array_equal(losses.detach(), layout.losses(raw, codes))
    assert (other.grad[..., layout.padding] == 0).all()
    assert other.grad.isfinite().all()


def test_layout_takes_no_float64_to_devices_that_have_none(tasks):
    layout = OutputLayout(tasks).to("meta")

    assert {name: t.dtype for name, t in layout.named_buffers()} == {
        "padding": torch.bool
    }
    assert layout.padding.device.type == "meta"


# A kind of the user's own


class Laplace(Task):
    """Numbers under a Laplace likelihood: learns the median, robust to outliers."""

    kind = "my_laplace"

    def fit(self, column, weight):
        self.name_, self.n_outputs_ = column.name, 1
        labels = column.values[weight > 0].astype(float)
        self.median_ = float(np.median(labels))
        self.scale_ = float(np.abs(labels - self.median_).mean())
        self.prior_raw_, self.prior_cost_ = np.zeros(1), 1.0
        return self

    def encode(self, column):
        return (column.values.astype(float) - self.median_) / self.scale_

    @staticmethod
    def loss(raw, codes):
        return (raw.squeeze(-1) - codes).abs()

    def response(self, raw):
        return raw * self.scale_ + self.median_

    def predict(self, response):
        return response[:, 0]


class Poisson(Laplace):
    """Counts; the raw output is the logarithm of the rate."""

    kind = "my_poisson"

    def fit(self, column, weight):
        self.name_, self.n_outputs_ = column.name, 1
        labels = column.values[weight > 0].astype(float)
        self.prior_raw_ = np.log([np.average(labels, weights=weight[weight > 0])])
        self.prior_cost_ = float(
            self.loss(
                torch.from_numpy(self.prior_raw_), torch.from_numpy(labels)
            ).mean()
        )
        return self

    def encode(self, column):
        return column.values.astype(float)

    @staticmethod
    def loss(raw, codes):
        rate = raw.squeeze(-1)
        return rate.exp() - codes * rate + torch.lgamma(codes + 1)

    def response(self, raw):
        return np.exp(raw)


class Pinball(Laplace):
    """A kind whose loss has a parameter, which therefore is part of its key."""

    kind = "pinball"

    def __init__(self, level=0.5):
        self.level = level

    def loss(self, raw, codes):
        error = codes - raw.squeeze(-1)
        return torch.maximum(self.level * error, (self.level - 1) * error)

    def block_key(self):
        return type(self), self.level


@pytest.fixture(scope="module")
def mixed_table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    price = 100 + 30 * X[:, 0] + rng.laplace(size=300)
    price[:3] += 1e4  # outliers that squared error would chase
    y = pd.DataFrame(
        {
            "price": price,
            "visits": rng.poisson(np.exp(1 + 0.7 * X[:, 1])).astype(float),
            "town": np.where(X[:, 2] > 0, "Ulm", "Bonn"),
            "area": X[:, 0] + X[:, 1],
        }
    )
    y.iloc[::4, 0] = np.nan
    y.iloc[1::4, 1] = np.nan
    return X, y


def small_net(**params):
    defaults = {
        "hidden_layer_sizes": (16,),
        "n_members": 2,
        "max_iter": 40,
        "batch_size": 100,
        "learning_rate_init": 0.03,
        "random_state": 0,
    }
    return MultiTaskNetEstimator(**(defaults | params))


def test_kinds_of_the_users_own_work_among_others(mixed_table):
    X, y = mixed_table
    kinds = {"price": Laplace(), "visits": Poisson()}

    net = small_net(task_types=kinds).fit(X, y)
    predicted = net.predict(X)

    assert [type(t) for t in net.tasks_] == [Laplace, Poisson, Binary, Regression]
    assert (predicted["visits"] > 0).all()
    price = y["price"].to_numpy()
    usual = (price < 1000) & ~np.isnan(price)
    assert r2_score(price[usual], predicted["price"][usual]) > 0.9
    visits = y["visits"].notna()
    counts = y["visits"][visits]
    better = deviance(counts, predicted["visits"][visits])
    assert better < deviance(counts, counts.mean()) - 0.5
    assert net.score(X, y) == pytest.approx(
        np.mean(
            [
                r2_score(price[~np.isnan(price)], predicted["price"][~np.isnan(price)]),
                r2_score(y["visits"][visits], predicted["visits"][visits]),
                accuracy_score(y["town"], predicted["town"]),
                r2_score(y["area"], predicted["area"]),
            ]
        )
    )


def deviance(counts, rate):
    return float((rate - counts * np.log(rate) + gammaln(counts + 1)).mean())


def test_losses_of_kinds_of_the_users_own_are_in_units_of_the_prior(mixed_table):
    X, y = mixed_table
    kinds = {"price": Laplace(), "visits": Poisson()}
    net = small_net(task_types=kinds, learning_rate_init=1e-9, max_iter=1).fit(X, y)

    for name in y.columns:
        assert net.history_[0][f"train_loss/{name}"] == pytest.approx(1, abs=0.3)


def test_kinds_of_one_class_with_other_parameters_keep_them():
    rng = np.random.default_rng(0)
    X, noise = rng.normal(size=(400, 1)), rng.normal(size=400)
    y = np.column_stack([noise, noise])
    kinds = [Pinball(level=0.1), Pinball(level=0.9)]

    low, high = small_net(task_types=kinds).fit(X, y).predict(X).T

    assert 0.03 < (noise < low).mean() < 0.2
    assert 0.03 < (noise > high).mean() < 0.2


def test_kind_of_the_users_own_is_shown_by_repr_and_message():
    task = fitted(Pinball(level=0.9), pd.DataFrame({"price": [1.0, 2.0]}))

    assert repr(task) == "Pinball(level=0.9)"
    assert task.describe() == "column 'price' (pinball)"
