"""Functions of Gramians from elsewhere; TorchJD's weightings against those here."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.base import clone

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.balancing import (
    IMTLG,
    MGDA,
    AlignedMTL,
    CAGrad,
    ExcessMTL,
    GramianWeighting,
    NashMTL,
    UPGrad,
)
from sklearn_mtl.datasets import make_multitask
from tests.balancing.gramians import made_gradients, weights_of


def by_length(gramian):
    return 1 / gramian.diagonal()


def test_function_sees_the_tasks_with_labels_of_each_member():
    gradients = made_gradients(3, 4)
    loss = np.ones((3, 4))
    loss[1, 2] = 0.0
    gradients[1, 2] = 0.0
    seen = []

    def weighting(gramian):
        seen.append(len(gramian))
        assert_allclose(gramian.diagonal().mean(), 1.0)
        return by_length(gramian)

    weights = weights_of(GramianWeighting(weighting), gradients, loss=loss)

    assert seen == [4, 3, 4]
    assert_allclose(weights[1, 2], 0.0)
    squared = (gradients**2).sum(axis=2)
    expected = squared[0].mean() / squared[0]
    assert_allclose(weights[0], expected)


def test_weights_of_the_user_multiply_what_is_found():
    gradients = made_gradients(2, 2)
    equal = weights_of(GramianWeighting(by_length), gradients)

    weighed = weights_of(GramianWeighting(by_length), gradients, [[0.75, 0.25]] * 2)

    assert_allclose(weighed, equal * [1.5, 0.5])


class Module(torch.nn.Module):
    def forward(self, gramian):
        return by_length(gramian)


@pytest.mark.parametrize("weighting", [by_length, Module()], ids=["function", "module"])
def test_estimator_takes_it_and_its_members_may_leave(weighting):
    X, y = make_multitask(80, n_tasks=3, random_state=0)
    net = MultiTaskNetRegressor(
        balancing=GramianWeighting(weighting),
        hidden_layer_sizes=(8,),
        n_members=2,
        max_iter=2,
        random_state=0,
    )

    net.fit(X, y)

    assert np.isfinite(net.predict(X)).all()
    assert not list(net.net_.criterion_.balancing.children())
    copy = clone(net).set_params(balancing__weighting=weighting)
    assert copy.balancing.weighting is weighting
    assert not list(copy.balancing.children())


class Keeps(Module):
    def reset(self):
        pass


class Matrix(torch.Tensor):
    pass


class OfJacobian(torch.nn.Module):
    def forward(self, matrix: Matrix, /):
        return matrix.sum(dim=1)


@pytest.mark.parametrize(
    ("weighting", "message"),
    [
        (Keeps(), "keeps what it has seen"),
        (OfJacobian(), "asks for the gradients themselves"),
        (lambda gramian: gramian, r"shape \(3, 3\).*one weight a column"),
        (lambda gramian: None, "made NoneType"),
        (lambda gramian: gramian[0] * torch.nan, r"made the weights \[nan, nan, nan\]"),
    ],
)
def test_what_is_no_weighting_of_a_gramian_is_refused(weighting, message):
    with pytest.raises(ValueError, match=message):
        weights_of(GramianWeighting(weighting), made_gradients(2, 3))


# Against TorchJD


def of_torchjd(name, *args, **kwargs):
    aggregation = pytest.importorskip("torchjd.aggregation", reason="needs torchjd")
    try:
        return getattr(aggregation, name)(*args, **kwargs)
    except ImportError as error:
        pytest.skip(str(error))


PAIRS = {
    "mgda": (MGDA(), "MGDAWeighting", {"epsilon": 1e-9, "max_iters": 3000}, 2e-3),
    "cagrad": (CAGrad(c=0.5), "CAGradWeighting", {"c": 0.5, "norm_eps": 0.0}, 1e-4),
    "imtl_g": (IMTLG(), "IMTLGWeighting", {}, 1e-6),
    "upgrad": (UPGrad(), "UPGradWeighting", {}, 1e-3),
    "aligned": (AlignedMTL(), "AlignedMTLWeighting", {}, 1e-6),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_weights_are_those_of_torchjd(name, shift):
    ours, theirs, parameters, tolerance = PAIRS[name]
    gradients = made_gradients(6, 4, n_weights=40, seed=3, shift=shift)

    found = weights_of(ours, gradients)

    # A weight below 0, by which a head would unlearn, is 0 here alone.
    expected = weights_of(
        GramianWeighting(of_torchjd(theirs, **parameters)), gradients
    ).clip(min=0.0)
    assert_allclose(found, expected, atol=tolerance * expected.max())


def test_direction_is_that_of_nash_mtl_in_torchjd():
    aggregator = of_torchjd("NashMTL", 4, 0.0, 1, 100)
    gradients = made_gradients(3, 4, n_weights=40, seed=3)

    found = weights_of(NashMTL(), gradients)

    for own, of_member in zip(found, gradients, strict=True):
        aggregator.reset()
        step = aggregator(torch.from_numpy(of_member)).numpy()
        assert_allclose(
            own @ of_member / np.linalg.norm(own @ of_member),
            step / np.linalg.norm(step),
            atol=1e-3,
        )


def test_excess_is_that_of_torchjd():
    theirs = of_torchjd("ExcessMTLWeighting", 0.3, n_warmup_steps=3)
    ours = ExcessMTL(0.3, warmup=1)
    ours.setup(torch.full((1, 4), 0.25, dtype=torch.float64), torch.Generator())
    ours.setup_units(6)
    gradients = torch.from_numpy(made_gradients(8, 4, n_weights=6))

    for step, of_step in enumerate(gradients):
        found = ours.weights(torch.ones(1, 4), of_step.unsqueeze(0))
        assert_allclose(found[0], theirs(of_step), rtol=1e-5)
        if step == 2:
            ours.end_epoch(torch.ones(1, 4))
