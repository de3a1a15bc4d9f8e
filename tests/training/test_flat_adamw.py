"""One update over one buffer: torch's AdamW but for rounding."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import torch
from torch.optim.lr_scheduler import StepLR
from torch.testing import assert_close

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.training import FlatAdamW

SIZES = [(3, 4), (1, 4), (5,), (2, 3, 2)]


def parameters():
    generator = torch.Generator().manual_seed(0)
    return [
        torch.nn.Parameter(torch.randn(*size, generator=generator)) for size in SIZES
    ]


def groups(params):
    return [
        {"params": params[:2], "weight_decay": 0.1, "lr": 0.03},
        {"params": params[2:], "weight_decay": 0.0},
    ]


def pair(**settings):
    """Return two optimizers over equal parameters: the flat one and torch's."""
    ours, theirs = parameters(), parameters()
    settings = {"lr": 0.01} | settings
    return (
        (ours, FlatAdamW(groups(ours), **settings)),
        (theirs, torch.optim.AdamW(groups(theirs), fused=True, **settings)),
    )


def take_steps(params, optimizer, n_steps, seed=1):
    generator = torch.Generator().manual_seed(seed)
    for _ in range(n_steps):
        for parameter, size in zip(params, SIZES, strict=True):
            gradient = torch.randn(*size, generator=generator)
            if not parameter.requires_grad:
                continue
            if parameter.grad is None:
                parameter.grad = gradient
            else:
                parameter.grad.copy_(gradient)
        optimizer.step()


def assert_same(ours, theirs):
    for found, expected in zip(ours, theirs, strict=True):
        assert_close(found, expected, rtol=1e-6, atol=1e-7)


def both(pairs, act):
    for params, optimizer in pairs:
        act(params, optimizer)
    (ours, _), (theirs, _) = pairs
    assert_same(ours, theirs)


@pytest.mark.parametrize(
    "settings",
    [{}, {"betas": (0.5, 0.9)}, {"eps": 1e-3}, {"weight_decay": 0.3}],
    ids=str,
)
def test_steps_are_those_of_torch(settings):
    pairs = pair(**settings)
    before = copy.deepcopy(pairs[0][0])

    both(pairs, lambda params, optimizer: take_steps(params, optimizer, 7))

    assert not any(torch.equal(a, b) for a, b in zip(pairs[0][0], before, strict=True))


def test_learning_rate_may_change_between_steps():
    def act(params, optimizer):
        take_steps(params, optimizer, 2)
        for group in optimizer.param_groups:
            group["lr"] *= 0.1
        take_steps(params, optimizer, 2)

    both(pair(), act)


def test_parameters_may_be_taken_apart_between_steps():
    (ours, flat), (theirs, plain) = pair()
    take_steps(ours, flat, 3)
    flat.unflatten()
    assert all(p.grad is None for p in ours)
    assert all(p.untyped_storage().size() == 4 * p.numel() for p in ours)
    take_steps(ours, flat, 3, seed=2)

    take_steps(theirs, plain, 3)
    take_steps(theirs, plain, 3, seed=2)
    assert_same(ours, theirs)


def test_frozen_parameters_stay_and_go_on_when_thawed():
    params, optimizer = pair()[0]
    take_steps(params, optimizer, 2)
    first, others = params[0].detach().clone(), copy.deepcopy(params[1:])

    params[0].requires_grad_(False)
    params[0].grad = None
    optimizer.flatten()
    take_steps(params, optimizer, 2)
    assert torch.equal(params[0], first)
    assert params[0].grad is None
    assert not any(map(torch.equal, params[1:], others))

    params[0].requires_grad_(True)
    optimizer.flatten()
    take_steps(params, optimizer, 1)
    assert not torch.equal(params[0], first)


def test_gradients_may_be_replaced_or_missing():
    (ours, flat), (theirs, plain) = pair()
    for params, optimizer in ((ours, flat), (theirs, plain)):
        take_steps(params, optimizer, 2)
        for parameter in params:
            parameter.grad = torch.ones_like(parameter)
        optimizer.step()
        for parameter in params:
            parameter.grad = None if optimizer is flat else torch.zeros_like(parameter)
        optimizer.step()
    assert_same(ours, theirs)


def test_state_goes_to_another_optimizer_and_to_torch():
    (ours, flat), (theirs, plain) = pair()
    take_steps(ours, flat, 3)
    take_steps(theirs, plain, 3)
    state = copy.deepcopy(flat.state_dict())

    for make in (FlatAdamW, torch.optim.AdamW):
        params = copy.deepcopy(theirs)
        for parameter in params:
            parameter.grad = None
        goes_on = make(groups(params))
        goes_on.load_state_dict(state)
        take_steps(params, goes_on, 2, seed=3)
        reference = copy.deepcopy(theirs)
        again = torch.optim.AdamW(groups(reference), fused=True)
        again.load_state_dict(copy.deepcopy(plain.state_dict()))
        take_steps(reference, again, 2, seed=3)
        for found, expected in zip(params, reference, strict=True):
            assert_close(found, expected, rtol=1e-6, atol=1e-7)


def test_closure_is_called():
    params = parameters()
    optimizer = FlatAdamW(params)

    def closure():
        loss = sum(p.square().sum() for p in params)
        loss.backward()
        return loss

    before = sum(float(p.detach().square().sum()) for p in params)
    assert optimizer.step(closure).item() == pytest.approx(before)
    assert sum(float(p.detach().square().sum()) for p in params) < before


def test_schedulers_of_torch_drive_it_without_a_warning():
    def act(params, optimizer):
        scheduler = StepLR(optimizer, step_size=1, gamma=0.5)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for seed in range(3):
                take_steps(params, optimizer, 1, seed)
                scheduler.step()

    both(pair(), act)


def test_parameters_own_their_memory_after_fit():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    net = MultiTaskNetEstimator(
        hidden_layer_sizes=(16,), n_members=2, max_iter=2, random_state=0
    ).fit(X, X[:, :2])

    module = net.net_.module_
    for parameter in module.parameters():
        assert parameter.grad is None
        size = parameter.numel() * parameter.element_size()
        assert parameter.untyped_storage().size() == size
    n_bytes = sum(4 * p.numel() for p in module.parameters())
    # Weights, and two moments of them.
    assert len(pickle.dumps(net.net_.optimizer_)) < 3 * n_bytes + 20_000
