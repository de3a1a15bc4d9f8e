"""All columns in one pass: blocks of one kind, and gradients by formula."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch.testing import assert_close

from sklearn_mtl.tasks import KINDS, OutputLayout
from tests.tasks.helpers import fitted, fitted_like, normal

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


# Formulas of gradients


POSITIVE = ("gamma", "count", "negative_binomial")

CLASSES = {"binary": 2, "multiclass": 4, "ordinal": 4}


def task_of(kind, seed=0, n_classes=None):
    rng = np.random.default_rng(seed)
    if kind in CLASSES:
        n_classes = n_classes or CLASSES[kind]
        labels = np.arange(40) % n_classes
    elif kind in (*POSITIVE, "survival"):
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
    if task.kind == "survival":
        first = rng.integers(0, task.n_outputs_, n_rows)
        codes = np.column_stack([first, first + rng.integers(0, 3, n_rows)])
        codes = np.minimum(codes, task.n_outputs_).astype(float)
    if task.kind == "censored":
        codes = np.column_stack([codes, codes])
        codes[1::4, 0], codes[2::4, 1] = -np.inf, np.inf
        codes[3::4, 1] += 0.5
    codes[0] = 0.0
    return torch.from_numpy(codes)


def beside_each_other(codes):
    return torch.cat([of_task.reshape(len(of_task), -1) for of_task in codes], dim=1)


def automatic(layout, raw, codes):
    raw = raw.clone().requires_grad_()
    loss = layout.losses(raw, codes)
    (gradient,) = torch.autograd.grad(loss.sum(), raw)
    return loss.detach(), gradient


def assert_formula_is_automatic(tasks, scale=1.0, n_rows=9, **tolerance):
    layout = OutputLayout(tasks)
    raw = scale * normal(2, n_rows, layout.n_outputs, seed=3)
    codes = beside_each_other(
        [codes_of(tasks[t], n_rows, seed=t) for t in layout.order]
    )
    loss, gradient = layout.losses_and_gradient(raw, codes)
    expected_loss, expected = automatic(layout, raw, codes)
    assert gradient.isfinite().all()
    assert gradient.abs().max() > 0
    assert_close(loss, expected_loss)
    assert_close(gradient, expected, **tolerance)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", [1.0, 100.0], ids=["usual", "far out"])
def test_gradient_of_each_kind_is_that_of_its_loss(kind, scale):
    tasks, loose = [task_of(kind, seed) for seed in range(3)], {}
    if kind == "censored" and scale > 1.0:
        # There the automatic gradient of torch's log_ndtr has lost digits.
        loose = {"rtol": 1e-5, "atol": 1e-7}
    assert_formula_is_automatic(tasks, scale, **loose)


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_of_each_kind_by_finite_differences(kind):
    task = task_of(kind)
    layout = OutputLayout([task])
    raw = normal(1, 5, layout.n_outputs, seed=2)
    codes = beside_each_other([codes_of(task, 5)])
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
