"""DSelect-k against the formula of its source, selector by selector."""

import math

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from sklearn_mtl.nn import Binding, DSelectK
from sklearn_mtl.nn._selector_gates import smooth_step
from tests.nn.helpers import assert_pass_is, features, sharing_of

K, T, B, D = 2, 3, 6, 4


def of_the_source(sharing):
    """Hazimeh et al. 2021, equations 5 to 7: give units, and what is penalised."""
    E, k, gamma = sharing.n_experts, sharing.n_selected, sharing.gamma
    m = math.ceil(math.log2(E))
    (layer,), logits = sharing.experts.layers, sharing.gates.logits

    def step(z):
        if z <= -gamma / 2:
            return z * 0
        if z >= gamma / 2:
            return z * 0 + 1
        return -2 * z**3 / gamma**3 + 3 * z / (2 * gamma) + 0.5

    def selector(z):
        steps = [step(one) for one in z]
        return torch.stack(
            [
                math.prod(
                    s if digit == "1" else 1 - s
                    for s, digit in zip(steps, np.binary_repr(e, m), strict=True)
                )
                for e in range(E)
            ]
        )

    def selectors(x, member, t):
        if sharing.by_row:
            found = x @ logits.weight[member] + logits.bias[member, 0]
        else:
            found = logits.value[member, 0]
        found = found.view(T, k, m + 1)[t]
        return torch.stack([selector(z[:m]) for z in found]), found[:, m].softmax(0)

    def units(x):
        return torch.stack(
            [
                torch.stack([torch.stack(of_task(x, i, t)) for t in range(T)])
                for i in range(K)
            ]
        )

    def of_task(x, i, t):
        rows = []
        for row in x[i]:
            chosen, weights = selectors(row, i, t)
            of_experts = torch.tanh(row @ layer.weight[i] + layer.bias[i, :, 0])
            rows.append((weights @ chosen) @ of_experts)
        return rows

    def penalty(x):
        total = 0.0
        for i in range(K):
            for t in range(T):
                for row in x[i]:
                    chosen, _ = selectors(row, i, t)
                    entropy = -(chosen * (chosen + 1e-6).log()).sum()
                    total = total + sharing.entropy_penalty * entropy / (T * B)
                    if 2**m != E:
                        total = total + (1 / chosen.sum(1)).sum() / (T * B)
        return total

    return units, penalty


@pytest.mark.parametrize("by_row", [False, True])
@pytest.mark.parametrize("n_experts", [2, 3, 4])
def test_units_and_gradients_are_those_of_the_source(by_row, n_experts):
    gamma = 4.0 if n_experts == 3 else 0.8
    sharing = sharing_of(DSelectK(n_experts, gamma=gamma, by_row=by_row))
    # Some steps are done and others on their way; but the source divides by what a
    # selector gives to three of four codes, which must not be 0.
    with torch.no_grad():
        for p in sharing.gates.parameters():
            p.copy_(0.3 * features(*p.shape, seed=7))

    units, penalty = of_the_source(sharing)

    assert_pass_is(sharing, units, features(K, B, D), penalty)


def test_shares_worked_by_hand():
    sharing = sharing_of(DSelectK(4, 2))
    # Steps of 1/4 are 27/32 of the way; of two whole digits, the other is the 2nd code.
    digits = torch.tensor([[0.25, -0.25, 0.0], [-1.0, 1.0, math.log(3.0)]])
    with torch.no_grad():
        sharing.gates.logits.value.copy_(digits.flatten().repeat(T))

    shares = sharing.gate_weights(features(K, B, D))

    a, b = 27 / 32, 5 / 32
    expected = [a * b / 4, b * b / 4 + 3 / 4, a * a / 4, a * b / 4]
    assert shares.shape == (K, B, T, 4)
    assert_close(shares, torch.tensor(expected).double().expand_as(shares))


def test_a_step_ends():
    x = torch.tensor([-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0])

    assert_close(
        smooth_step(x, 2.0), torch.tensor([0, 0, 0.15625, 0.5, 0.84375, 1, 1.0])
    )


def test_nothing_is_penalised_but_in_training():
    sharing = sharing_of(DSelectK(3)).eval()
    units, _ = of_the_source(sharing)

    assert_pass_is(sharing, units, features(K, B, D))


def test_penalties_are_no_tasks_loss():
    gramians = []
    for entropy_penalty in 0.0, 5.0:
        sharing = sharing_of(DSelectK(3, entropy_penalty=entropy_penalty))
        bound = sharing.bind(Binding(trains=True))
        units = bound.forward(features(K, B, D))
        upstream = features(K, T, *units.shape[2:], seed=2)
        gramians.append(bound.products(upstream)[0])

    assert_close(*gramians)


def test_more_cannot_be_selected_than_there_are():
    with pytest.raises(ValueError, match=r"n_selected=5.*n_experts=4"):
        sharing_of(DSelectK(4, n_selected=5))
