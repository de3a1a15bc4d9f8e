"""Formulas of gradients against automatic differentiation and finite differences."""

import numpy as np
import pytest
import torch
from test_tasks import fitted, normal
from torch.testing import assert_close

from sklearn_mtl.tasks import KINDS, OutputLayout, Regression

POSITIVE = ("gamma", "count", "negative_binomial")
CLASSES = {"binary": 2, "multiclass": 4, "ordinal": 4}


def task_of(kind, seed=0, n_classes=None):
    rng = np.random.default_rng(seed)
    if kind in CLASSES:
        n_classes = n_classes or CLASSES[kind]
        labels = np.arange(40) % n_classes
    elif kind in POSITIVE:
        labels = 1.0 + rng.poisson(3.0, 40)
    else:
        labels = rng.normal(2.0, 3.0, 40)
    return fitted(KINDS[kind](), labels)


def codes_of(task, n_rows, seed=1):
    """Codes that labels of the task may have, one of them as if missing."""
    rng = np.random.default_rng(seed)
    if task.is_classifier:
        codes = rng.integers(0, len(task.classes_), n_rows)
    elif task.kind in POSITIVE:
        codes = rng.poisson(3.0, n_rows) + 0.5 * (task.kind == "gamma")
    else:
        codes = rng.normal(size=n_rows)
    codes = codes.astype(float)
    codes[0] = 0.0
    return torch.from_numpy(codes)


def automatic(layout, raw, codes):
    raw = raw.clone().requires_grad_()
    loss = layout.losses(raw, codes)
    (gradient,) = torch.autograd.grad(loss.sum(), raw)
    return loss.detach(), gradient


def assert_formula_is_automatic(tasks, scale=1.0, n_rows=9):
    layout = OutputLayout(tasks)
    raw = scale * normal(2, n_rows, layout.n_outputs, seed=3)
    codes = torch.stack(
        [codes_of(tasks[t], n_rows, seed=t) for t in layout.order], dim=1
    )
    loss, gradient = layout.losses_and_gradient(raw, codes)
    expected_loss, expected = automatic(layout, raw, codes)
    assert gradient.isfinite().all()
    assert gradient.abs().max() > 0
    assert_close(loss, expected_loss)
    assert_close(gradient, expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", [1.0, 100.0], ids=["usual", "far out"])
def test_gradient_of_each_kind_is_that_of_its_loss(kind, scale):
    assert_formula_is_automatic([task_of(kind, seed) for seed in range(3)], scale)


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_of_each_kind_by_finite_differences(kind):
    task = task_of(kind)
    layout = OutputLayout([task])
    raw = normal(1, 5, layout.n_outputs, seed=2)
    codes = codes_of(task, 5)[:, None]
    _, gradient = layout.losses_and_gradient(raw, codes)
    step = 1e-6
    for output in range(layout.n_outputs):
        shift = torch.zeros_like(raw)
        shift[..., output] = step
        up, down = (layout.losses(raw + s, codes) for s in (shift, -shift))
        slope = ((up - down) / (2 * step)).squeeze(-1)
        assert_close(gradient[..., output], slope, rtol=1e-5, atol=1e-7)


def test_gradient_with_padded_classes():
    tasks = [task_of("multiclass", n_classes=n) for n in (3, 5, 4)]
    assert OutputLayout(tasks).blocks[0].padded, "the case is of tasks that are padded"

    assert_formula_is_automatic(tasks)


def test_gradient_of_all_kinds_side_by_side():
    kinds = [*KINDS, *KINDS]
    assert_formula_is_automatic([task_of(kind, s) for s, kind in enumerate(kinds)])


def test_gradients_worked_by_hand():
    number, yes_no = task_of("regression"), task_of("binary")
    layout = OutputLayout([number, yes_no])
    raw = torch.tensor([[[2.0, 0.0]]])

    loss, gradient = layout.losses_and_gradient(raw, torch.tensor([[0.5, 1.0]]))

    # (2 - 0.5)^2 / 2 and 2 - 0.5; log(2) and 1/2 - 1.
    assert_close(loss, torch.tensor([[[1.125, np.log(2.0)]]], dtype=loss.dtype))
    assert_close(gradient, torch.tensor([[[1.5, -0.5]]]))


class Cubic(Regression):
    """Changes the loss, but not the formula of its gradient."""

    kind = "cubic"

    @staticmethod
    def loss(raw, codes):
        return (raw.squeeze(-1) - codes).abs() ** 3


class CubicByHand(Cubic):
    kind = "cubic by hand"

    @staticmethod
    def loss_and_gradient(raw, codes):
        error = raw.squeeze(-1) - codes
        gradient = 3 * error * error.abs()
        return error.abs() ** 3, gradient.unsqueeze(-1)


@pytest.mark.parametrize("kind", [Cubic, CubicByHand])
def test_formula_is_not_inherited_where_the_loss_is_another(kind):
    task = fitted(kind(), np.arange(9.0))
    raw, codes = normal(2, 5, 1), normal(5, 1, seed=1)
    error = raw - codes

    for found in (
        OutputLayout([task]).losses_and_gradient(raw, codes),
        task.loss_and_gradient(raw.unsqueeze(-1), codes),
    ):
        loss, gradient = found
        assert_close(loss, error.abs() ** 3)
        assert_close(gradient.view_as(error), 3 * error * error.abs())
