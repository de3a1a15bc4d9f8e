"""How much columns count by what their labels can tell."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_mtl.tables import TargetTable
from sklearn_mtl.tasks import (
    Binary,
    Multiclass,
    Regression,
    telling_labels,
    weight_of_loss,
)

EVERY = np.ones(400)


def telling(task, labels, weight=EVERY):
    (column,) = TargetTable(np.asarray(labels)).columns
    return telling_labels(task.fit(column, weight), weight)


@pytest.mark.parametrize(
    ("task", "labels", "expected"),
    [
        (Regression(), np.arange(400.0), 400),
        (Binary(), np.arange(400) % 2, 400),
        (Binary(), np.arange(400) < 4, 4 * 4 * 0.99),
        (Binary(), np.zeros(400), 1),
        (Multiclass(), np.arange(400) % 5, 400),
        (Multiclass(), np.array(["a"] * 396 + list("bcde")), 4 * 4),
    ],
)
def test_labels_of_a_rare_class_tell_little(task, labels, expected):
    assert telling(task, labels) == pytest.approx(expected, rel=0.02)


def test_missing_labels_and_uneven_weights_tell_less():
    half = np.arange(400) % 2.0
    uneven = np.where(np.arange(400) < 4, 99.0, 1.0)  # of which each class has half
    numbers = np.arange(400.0)

    assert telling(Regression(), numbers, half) == pytest.approx(200)
    assert telling(Regression(), numbers, 1e30 * half) == pytest.approx(200)
    assert telling(Regression(), numbers, 0 * half) == 1
    rare = numbers < 4
    assert telling(Binary(), rare, uneven) == pytest.approx(telling(Binary(), rare))


def test_columns_of_many_labels_count_alike_and_those_of_few_by_their_number():
    few, more, many = weight_of_loss(np.array([2.0, 4.0, 1e6]))

    assert_allclose(more / few, 2, rtol=0.03)
    assert_allclose(many, 1, rtol=1e-3)
