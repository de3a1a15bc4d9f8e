"""Links from shared units to tasks."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from sklearn_mtl.nn._mixed_heads import MixedHeads
from sklearn_mtl.nn._private_heads import PrivateHeads
from tests.nn.helpers import TASK_OF_OUTPUT, network, shapes


def groups_of(stack):
    """Weights of the links of every unit, task and member, one by one."""
    heads, groups = stack.heads, {}
    for part in heads.groups if isinstance(heads, MixedHeads) else [heads]:
        tasks, private = part.tasks, isinstance(part, PrivateHeads)
        weight = (part.first if private else part).weight.detach()
        if private:
            weight = weight.unflatten(-1, (part.n_pieces, len(tasks), -1))
        else:
            owners = TASK_OF_OUTPUT[np.isin(TASK_OF_OUTPUT, tasks)]
        for rank, t in enumerate(tasks):
            own = weight[..., rank, :] if private else weight[..., owners == t]
            for k in range(stack.n_members):
                for j in range(stack.n_shared):
                    groups[k, j, t] = own[k, j]
    return groups


def test_links_are_shrunk_as_worked_out_by_hand():
    """Groups 3, (4, 3, 0) and (0, 1): norms 3, 5 and 1; sizes 1, 3 and 2."""
    stack = network(n_members=1, n_features=1, hidden_layer_sizes=())
    weight = torch.tensor([[[3.0, 4.0, 3.0, 0.0, 0.0, 1.0]]], dtype=torch.float64)
    stack.heads.weight.data.copy_(weight)
    (links,) = stack.links()

    links.shrink(0.75)

    left = 1 - 0.75 * 3**0.5 / 5
    expected = torch.tensor([[[2.25, 4 * left, 3 * left, 0.0, 0.0, 0.0]]])
    assert_close(stack.heads.weight.detach(), expected.double())
    links.shrink(0.0)  # 0 / 0 is not NaN
    assert_close(stack.heads.weight.detach(), expected.double())


@shapes
@pytest.mark.parametrize("activation", ["relu", "maxout"])
def test_links_are_the_weights_into_the_first_layer_of_a_task(shape, activation):
    stack = network(activation=activation, maxout_pieces=2, **shape)
    before = {place: group.clone() for place, group in groups_of(stack).items()}
    threshold = 0.02

    norms = stack.link_norms()
    for part in stack.links():
        part.shrink(threshold)

    assert norms.shape == (3, stack.n_shared, 3)
    assert_close(
        norms.ravel().tolist(),
        [float(before[p].norm()) for p in np.ndindex(norms.shape)],
    )
    for place, group in groups_of(stack).items():
        was = before[place]
        factor = max(0.0, 1 - threshold * was.numel() ** 0.5 / float(was.norm()))
        assert_close(group, was * factor)


def test_links_of_one_output_each_are_shrunk_one_by_one():
    stack = network(task_of_output=np.arange(3), prior_raw=np.zeros(3))
    before = stack.heads.weight.detach().clone()

    for part in stack.links():
        part.shrink(0.03)

    after = stack.heads.weight.detach()
    assert_close(after, before.sign() * (before.abs() - 0.03).clamp_min(0))
    assert 0 < (after == 0).double().mean() < 1


def test_weights_into_padding_are_no_link():
    stack = network()
    padding = np.array([False, False, False, True, False, False])

    norms = stack.link_norms(padding)

    own = stack.heads.weight.detach()[..., 1:3]
    assert_close(norms[..., 1], own.norm(dim=-1).numpy())
