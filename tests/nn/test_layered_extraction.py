"""CGC and PLE against the formula of their source, expert by expert."""

import pytest
import torch
from torch.testing import assert_close

from sklearn_mtl.nn import LayeredExtraction
from tests.nn.helpers import assert_pass_is, features, sharing_of

K, T = 2, 3
OWN, SHARED = 2, 1


def of_the_source(sharing):
    """Tang et al. 2020, equations 1 to 8."""

    def level_of_member(level, k, own, shared):
        def experts(trunks, which, x):
            for layer in trunks.layers:
                x = torch.tanh(x @ layer.weight[k, which] + layer.bias[k, which])
            return x

        def mixed(gate, of_experts):
            share = torch.softmax(gate, dim=1)
            return sum(share[:, [e]] * u for e, u in enumerate(of_experts))

        of_own = [
            [experts(level.own, t * OWN + e, own[t]) for e in range(OWN)]
            for t in range(T)
        ]
        of_shared = [experts(level.shared, e, shared) for e in range(SHARED)]
        gates = level.gates
        next_own = [
            mixed(own[t] @ gates.weight[k, t] + gates.bias[k, t], of_own[t] + of_shared)
            for t in range(T)
        ]
        if level.shared_gate is None:
            return next_own, None
        gate = shared @ level.shared_gate.weight[k] + level.shared_gate.bias[k]
        return next_own, mixed(gate, [u for us in [*of_own, of_shared] for u in us])

    def units(x):
        of_members = []
        for k in range(K):
            own, shared = [x[k]] * T, x[k]
            for level in sharing.levels:
                own, shared = level_of_member(level, k, own, shared)
            of_members.append(torch.stack(own))
        return torch.stack(of_members)

    return units


@pytest.mark.parametrize(
    ("n_levels", "layers_of_levels"),
    [(1, [3]), (2, [2, 1]), (None, [1, 1, 1])],
)
def test_units_and_gradients_are_those_of_the_source(n_levels, layers_of_levels):
    spec = LayeredExtraction(OWN, SHARED, n_levels)
    sharing = sharing_of(spec, (6, 5, 3))

    assert [len(level.own.layers) for level in sharing.levels] == layers_of_levels
    assert_pass_is(sharing, of_the_source(sharing), features(K, 6, 4))


def test_a_task_has_no_share_in_the_experts_of_others():
    sharing = sharing_of(LayeredExtraction(OWN, SHARED))

    shares = sharing.gate_weights(features(K, 6, 4))

    assert shares.shape == (K, 6, T, T * OWN + SHARED)
    assert_close(shares.sum(dim=-1), torch.ones(K, 6, T, dtype=shares.dtype))
    reads = torch.eye(T).repeat_interleave(OWN, dim=1).bool()
    reads = torch.cat([reads, torch.ones(T, SHARED, dtype=torch.bool)], dim=1)
    assert ((shares > 0) == reads).all()


def test_what_only_one_task_reads_is_not_shared():
    sharing = sharing_of(LayeredExtraction(), (5, 5))

    names = {name for name, _ in sharing.shared_parameters()}

    assert "levels.0.own.layers.0.weight" in names
    assert "levels.1.shared.layers.0.weight" in names
    assert not any(name.startswith("levels.1.own") for name in names)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"sizes": (5,)}, "n_levels=2 .* hidden_layer_sizes has 1"),
        ({"sizes": (5, 5), "depth": (2, 1)}, r"depth=\(2, 1\) .* Set n_levels=1"),
    ],
)
def test_levels_that_cannot_be_are_refused(params, message):
    with pytest.raises(ValueError, match=message):
        sharing_of(LayeredExtraction(n_levels=2), **params)
