"""Classes: losses, priors, labels to codes and back."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp
from sklearn.metrics import log_loss

from sklearn_mtl.tasks import Binary, Multiclass, OutputLayout, Regression
from tests.helpers import of_objects
from tests.tasks.helpers import column_of, fitted, fitted_like, normal

PROPERTY = settings(deadline=None, max_examples=60, derandomize=True)


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
