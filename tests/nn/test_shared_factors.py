"""Few linear factors of the shared units, which all heads read."""

import numpy as np
import torch
from torch.testing import assert_close

from sklearn_mtl.nn import HardSharing, SharedFactors
from tests.nn.helpers import TASK_OF_OUTPUT, features, network, sharing_of

K = 2


def test_factors_are_linear_in_the_units_of_hard_sharing():
    sharing, x = sharing_of(SharedFactors(2), (6, 5)), features(K, 7, 4)
    hard = sharing_of(HardSharing(), (6, 5))
    hard.load_state_dict(sharing.state_dict(), strict=False)

    assert_close(sharing(x), hard(x) @ sharing.factors.weight + sharing.factors.bias)
    assert sharing.n_units == 2
    assert len(list(sharing.shared_parameters())) == 6


def test_without_a_hidden_layer_they_are_linear_in_the_features():
    sharing, x = sharing_of(SharedFactors(3), ()), features(K, 7, 4)

    assert_close(sharing(x), x @ sharing.factors.weight + sharing.factors.bias)


def test_heads_of_all_tasks_start_alike():
    net = network(K, sharing=SharedFactors(2))
    weight = net.heads.weight

    assert weight.shape == (K, 2, len(TASK_OF_OUTPUT))
    assert torch.equal(weight, weight[:, :, :1].expand_as(weight))
    assert not torch.equal(weight[0], weight[1])
    assert (weight != 0).all()


def test_private_layers_stay_as_drawn():
    net = network(K, sharing=SharedFactors(2), head_hidden_layer_sizes=(4,))

    flat = np.concatenate([p.detach().ravel() for p in net.heads.parameters()])
    drawn = flat[flat != 0]
    assert len(np.unique(drawn)) > len(drawn) / 2
