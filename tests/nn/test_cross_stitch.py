"""Cross-stitch networks against the formula of their source."""

import torch
from torch.testing import assert_close

from sklearn_mtl.nn import CrossStitch
from tests.nn.helpers import assert_pass_is, features, sharing_of

K, T = 2, 3


def of_the_source(sharing):
    """Misra et al. 2016, equation 1, after each layer."""

    def of_member(x, k):
        own = [x] * T
        for layer, stitch in zip(sharing.layers, sharing.stitches, strict=True):
            alpha = stitch.weight[k]
            after = [
                torch.tanh(own[t] @ layer.weight[k, t] + layer.bias[k, t])
                for t in range(T)
            ]
            own = [sum(alpha[t, s] * after[s] for s in range(T)) for t in range(T)]
        return torch.stack(own)

    return lambda x: torch.stack([of_member(x[k], k) for k in range(K)])


def test_units_and_gradients_are_those_of_the_source():
    sharing = sharing_of(CrossStitch(), (6, 5))
    with torch.no_grad():
        for stitch in sharing.stitches:
            stitch.weight.copy_(features(K, T, T))

    assert_pass_is(sharing, of_the_source(sharing), features(K, 6, 4))


def test_tasks_start_from_mixtures_that_are_mostly_their_own():
    sharing = sharing_of(CrossStitch(own_share=0.8))

    (stitch,) = sharing.stitches

    expected = torch.tensor([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
    assert_close(stitch.weight[1].detach().float(), expected)
