"""MMoE against the formula of its source, expert by expert."""

import torch
from torch.testing import assert_close

from sklearn_mtl.nn import MixtureOfExperts
from tests.nn.helpers import assert_pass_is, features, sharing_of

K, T, E = 2, 3, 4


def of_the_source(sharing):
    """Ma et al. 2018, equations 6 and 7."""
    (layer,), gates = sharing.experts.layers, sharing.gates

    def of_task(x, k, t):
        columns = slice(t * E, (t + 1) * E)
        gate = x @ gates.weight[k][:, columns] + gates.bias[k][:, columns]
        share = torch.softmax(gate, dim=1)
        experts = [
            torch.tanh(x @ layer.weight[k, e] + layer.bias[k, e]) for e in range(E)
        ]
        return sum(share[:, [e]] * experts[e] for e in range(E))

    def units(x):
        of_members = [
            torch.stack([of_task(x[k], k, t) for t in range(T)]) for k in range(K)
        ]
        return torch.stack(of_members)

    return units


def test_units_and_gradients_are_those_of_the_source():
    sharing = sharing_of(MixtureOfExperts(E))

    assert_pass_is(sharing, of_the_source(sharing), features(K, 6, 4))


def test_one_expert_is_one_trunk_for_all():
    sharing = sharing_of(MixtureOfExperts(1))
    x = features(K, 6, 4)

    units = sharing(x)

    (trunk,) = sharing.experts.layers
    assert_close(units, trunk(x.unsqueeze(1)).expand(-1, T, -1, -1))


def test_tasks_share_the_experts_and_not_the_gates():
    sharing = sharing_of(MixtureOfExperts(E))

    names = [name for name, _ in sharing.shared_parameters()]

    assert names == ["experts.layers.0.weight", "experts.layers.0.bias"]
