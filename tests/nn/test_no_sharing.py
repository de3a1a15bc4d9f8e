"""Trunks of tasks that share nothing."""

import torch
from torch.testing import assert_close

from sklearn_mtl.nn import HardSharing, NoSharing
from tests.nn.helpers import features, sharing_of

K, T = 2, 3


def test_each_task_has_what_a_trunk_of_its_own_says():
    sharing, x = sharing_of(NoSharing(), (6, 5)), features(K, 7, 4)
    units = sharing(x)

    for t in range(T):
        alone = sharing_of(HardSharing(), (6, 5))
        with torch.no_grad():
            for parameter, own in zip(
                alone.parameters(), sharing.parameters(), strict=True
            ):
                parameter.copy_(own[:, t])
        assert_close(units[:, t], alone(x))


def test_no_layer_leaves_the_features_to_each_task():
    sharing, x = sharing_of(NoSharing(), ()), features(K, 7, 4)

    assert torch.equal(sharing(x), x.unsqueeze(1).expand(-1, T, -1, -1))
    assert not list(sharing.shared_parameters())
