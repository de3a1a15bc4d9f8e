"""Members with rates and decays of their own: as with an AdamW of torch for each."""

import copy
import io
import json
import pickle

import numpy as np
import pytest
import torch
from torch.optim.lr_scheduler import ExponentialLR
from torch.testing import assert_close

from sklearn_mtl.training import FlatAdamW

LR_RATIO = (1.0, 0.0, 0.3, 7.0)
DECAY_RATIO = (1.0, 2.0, 0.0, 0.5)
LR, DECAY = 0.01, 0.1
WEIGHTS = [(4, 3, 5), (2, 5, 5), (4, 5, 2)]  # Only two members have the second.
BIASES = [(4, 1, 5), (4,)]


def parameters(dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    return [
        torch.nn.Parameter(torch.randn(size, generator=generator, dtype=dtype))
        for size in WEIGHTS + BIASES
    ]


def groups(params):
    weights, biases = params[: len(WEIGHTS)], params[len(WEIGHTS) :]
    return [{"params": weights}, {"params": biases, "weight_decay": 0.0}]


def flat(params, **options):
    options = {"lr_ratio": LR_RATIO, "decay_ratio": DECAY_RATIO} | options
    return FlatAdamW(groups(params), lr=LR, weight_decay=DECAY, **options)


def take_steps(params, optimizers, n_steps, seed=1):
    """Step on random gradients; the optimizers share the parameters."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(n_steps):
        for parameter in params:
            gradient = torch.randn(
                parameter.shape, generator=generator, dtype=parameter.dtype
            )
            parameter.grad = gradient
        for optimizer in optimizers:
            optimizer.step()


class OnePerMember:
    """Separate parameters and optimizers of torch for each member."""

    def __init__(self, params, lr_ratio=LR_RATIO, decay_ratio=DECAY_RATIO):
        self.stacked = params
        self.members, self.optimizers = [], []
        for k, (rate, decay) in enumerate(zip(lr_ratio, decay_ratio, strict=True)):
            own = [
                torch.nn.Parameter(p[k].detach().clone()) if k < len(p) else None
                for p in params
            ]
            present = [
                group | {"params": [p for p in group["params"] if p is not None]}
                for group in groups(own)
            ]
            self.members.append(own)
            self.optimizers.append(
                torch.optim.AdamW(
                    present, lr=LR * rate, weight_decay=DECAY * decay, foreach=False
                )
            )

    def step(self):
        for k, (own, optimizer) in enumerate(
            zip(self.members, self.optimizers, strict=True)
        ):
            for parameter, stacked in zip(own, self.stacked, strict=True):
                if parameter is not None:
                    parameter.grad = stacked.grad[k].clone()
            optimizer.step()

    def parameters(self):
        return [
            torch.stack([p for p in column if p is not None])
            for column in zip(*self.members, strict=True)
        ]


def assert_close_to(reference, params):
    for found, expected in zip(params, reference.parameters(), strict=True):
        assert_close(found.detach(), expected.detach(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "ratios",
    [
        (LR_RATIO, DECAY_RATIO),
        (LR_RATIO, None),
        (None, DECAY_RATIO),
        (None, (0.0,) * 4),
        ((2.0,) * 4, (3.0,) * 4),
    ],
    ids=str,
)
def test_steps_are_those_of_one_optimizer_a_member(ratios):
    params = parameters()
    reference = OnePerMember(params, *(r or (1.0,) * 4 for r in ratios))
    optimizer = flat(params, lr_ratio=ratios[0], decay_ratio=ratios[1])

    take_steps(params, [reference, optimizer], 50)

    assert_close_to(reference, params)


def test_member_of_rate_zero_stays_bit_for_bit():
    params = parameters(torch.float32)
    before = [p[1].clone() for p in params]
    take_steps(params, [flat(params)], 5)
    for parameter, was in zip(params, before, strict=True):
        assert torch.equal(parameter[1], was)
        assert not torch.equal(parameter[0], was)


def test_rounding_of_single_precision_is_no_worse_than_torchs():
    params = parameters(torch.float32)
    reference = OnePerMember(params)
    take_steps(params, [reference, flat(params)], 20)
    for found, expected in zip(params, reference.parameters(), strict=True):
        assert_close(found.detach(), expected.detach(), rtol=2e-6, atol=1e-6)


def test_a_member_that_diverges_takes_no_other_along():
    params = parameters()
    optimizer = flat(params)
    take_steps(params, [optimizer], 1)
    for parameter in params:
        parameter.grad[0] = torch.nan
    optimizer.step()
    for parameter in params:
        assert parameter[0].isnan().all()
        assert parameter[1:].isfinite().all()


@pytest.mark.parametrize("ones", [(1.0,) * 4, [1] * 4, np.ones(4)], ids=repr)
def test_ratios_of_one_change_no_bit(ones):
    plain, alike = parameters(torch.float32), parameters(torch.float32)
    take_steps(plain, [flat(plain, lr_ratio=None, decay_ratio=None)], 7)
    take_steps(alike, [flat(alike, lr_ratio=ones, decay_ratio=ones)], 7)
    for found, expected in zip(alike, plain, strict=True):
        assert torch.equal(found, expected)


def test_schedulers_change_the_rate_of_all():
    params = parameters()
    reference, optimizer = OnePerMember(params), flat(params)
    every = [optimizer, *reference.optimizers]
    schedulers = [ExponentialLR(each, gamma=0.5) for each in every]
    for seed in range(4):
        take_steps(params, [reference, optimizer], 3, seed)
        for scheduler in schedulers:
            scheduler.step()
    assert_close_to(reference, params)


def test_decay_may_begin_between_steps():
    params = parameters()
    reference, optimizer = OnePerMember(params), flat(params)
    for each in (optimizer, *reference.optimizers):
        each.param_groups[0]["weight_decay"] = 0.0
    take_steps(params, [reference, optimizer], 3)
    optimizer.param_groups[0]["weight_decay"] = DECAY
    for each, ratio in zip(reference.optimizers, DECAY_RATIO, strict=True):
        each.param_groups[0]["weight_decay"] = DECAY * ratio
    take_steps(params, [reference, optimizer], 3, seed=2)
    assert_close_to(reference, params)


def test_parameters_may_be_taken_apart_between_steps():
    params = parameters()
    reference, optimizer = OnePerMember(params), flat(params)
    take_steps(params, [reference, optimizer], 3)
    optimizer.unflatten()
    assert all(p.untyped_storage().size() == 8 * p.numel() for p in params)
    take_steps(params, [reference, optimizer], 3, seed=2)
    assert_close_to(reference, params)


def test_ratios_set_later_hold_from_the_next_flatten_on():
    params = parameters()
    reference = OnePerMember(params)
    optimizer = flat(params, lr_ratio=None, decay_ratio=None)
    optimizer.flatten()
    for group in optimizer.param_groups:
        group["lr_ratio"], group["decay_ratio"] = list(LR_RATIO), DECAY_RATIO
    optimizer.flatten()
    take_steps(params, [reference, optimizer], 4)
    assert_close_to(reference, params)

    for group in optimizer.param_groups:
        group["lr_ratio"] = (1.0, 1.0)
    with pytest.raises(ValueError, match="lr_ratio has 2 numbers"):
        optimizer.flatten()


def test_a_group_without_members_steps_at_the_rate_of_its_group():
    params, scale = parameters(), torch.nn.Parameter(torch.ones(7).double())
    plain = torch.nn.Parameter(torch.ones(7).double())
    reference, optimizer = OnePerMember(params), flat(params)
    optimizer.add_param_group(
        {"params": [scale], "lr": 0.2, "lr_ratio": None, "decay_ratio": None}
    )
    other = torch.optim.AdamW([plain], lr=0.2, weight_decay=DECAY)
    for _ in range(3):
        scale.grad = plain.grad = torch.arange(7.0).double()
        other.step()
        take_steps(params, [reference, optimizer], 1)
    assert_close(scale, plain, rtol=1e-12, atol=0)
    assert_close_to(reference, params)


def by_state_dict(params, optimizer):
    state = optimizer.state_dict()
    saved = io.BytesIO()
    torch.save(state, saved)
    saved.seek(0)
    again = [torch.nn.Parameter(p.detach().clone()) for p in params]
    other = flat(again, lr_ratio=None, decay_ratio=None)
    other.load_state_dict(torch.load(saved, weights_only=True))
    return again, other


def by_pickle(params, optimizer):
    optimizer.unflatten()
    return pickle.loads(pickle.dumps((params, optimizer)))


def by_deepcopy(params, optimizer):
    return copy.deepcopy((params, optimizer))


@pytest.mark.parametrize("way", [by_state_dict, by_pickle, by_deepcopy])
def test_a_copy_goes_on_with_the_ratios(way):
    params = parameters()
    reference, optimizer = OnePerMember(params), flat(params)
    take_steps(params, [reference, optimizer], 3)

    again, other = way(params, optimizer)
    reference.stacked = again
    take_steps(again, [reference, other], 3, seed=2)

    assert_close_to(reference, again)


def test_groups_hold_plain_floats():
    options = {"lr_ratio": np.array(LR_RATIO), "decay_ratio": torch.tensor(DECAY_RATIO)}
    optimizer = flat(parameters(), **options)
    for group in optimizer.state_dict()["param_groups"]:
        assert group["lr_ratio"] == LR_RATIO
        assert group["decay_ratio"] == DECAY_RATIO
        json.dumps(group)
    assert b"numpy" not in pickle.dumps(optimizer)


def test_ratios_survive_a_state_of_torchs_adamw():
    params = parameters()
    plain = torch.optim.AdamW(groups(params), lr=0.5)
    optimizer = flat(params)
    optimizer.load_state_dict(plain.state_dict())
    assert [g["lr_ratio"] for g in optimizer.param_groups] == [LR_RATIO] * 2
    assert optimizer.param_groups[0]["lr"] == 0.5


@pytest.mark.parametrize("name", ["lr_ratio", "decay_ratio"])
@pytest.mark.parametrize(
    ("ratio", "message"),
    [
        ((1, 2, -0.5, 1), "of member 2 is -0.5: give a finite number"),
        ((1, np.nan, 1, 1), "of member 1 is nan: give a finite number"),
        ((1, 1, 1, np.inf), "of member 3 is inf: give a finite number"),
        ((1, 2, 3), "has 3 numbers, but the longest .* has 4 members: give one"),
        ((1, 2, 3, 4, 5), "has 5 numbers, but the longest .* has 4 members: give one"),
        (0.5, "=0.5 is not a sequence of numbers: give one number a member"),
        ("fast", "='fast' is not a sequence of numbers: give one number a member"),
    ],
    ids=str,
)
def test_ratios_that_do_not_fit_are_refused(name, ratio, message):
    with pytest.raises(ValueError, match=name + ".*" + message):
        flat(parameters(), **{name: ratio})


def test_a_group_that_is_refused_is_not_added():
    optimizer = flat(parameters())
    scalar = torch.nn.Parameter(torch.ones(()))
    with pytest.raises(ValueError, match=r"no members: put it in .* lr_ratio=None"):
        optimizer.add_param_group({"params": [scalar]})
    assert len(optimizer.param_groups) == 2
