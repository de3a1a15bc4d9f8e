"""Private layers of tasks equal a loop over tasks."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close

from tests.helpers import generator
from tests.nn.helpers import PRIOR, SHAPES, TASK_OF_OUTPUT, features, network


@pytest.mark.parametrize("sizes", [(4,), (4, 3), (4, 3, 2)])
@pytest.mark.parametrize("owners", [TASK_OF_OUTPUT, np.arange(3)])
def test_private_heads_equal_a_loop_over_tasks(sizes, owners):
    stack = network(
        head_hidden_layer_sizes=sizes, task_of_output=owners, prior_raw=PRIOR[owners]
    )
    x, heads = features(10, 4), stack.heads

    raw = stack(x)

    for k in range(3):
        shared = torch.relu(
            x @ stack.sharing.layers[0].weight[k] + stack.sharing.layers[0].bias[k]
        )
        for output, t in enumerate(owners):
            own = slice(t * sizes[0], (t + 1) * sizes[0])
            hidden = torch.relu(
                shared @ heads.first.weight[k][:, own] + heads.first.bias[k][:, own]
            )
            for layer in heads.inner:
                hidden = torch.relu(hidden @ layer.weight[k, t] + layer.bias[k, t])
            last = hidden @ heads.last.weight[k, output] + heads.last.bias[k, output]
            assert_close(raw[k, :, output], last[:, 0])


@pytest.mark.parametrize("sizes", [(4,), (4, 3)])
def test_private_layers_learn_from_their_own_task_alone(sizes):
    stack = network(head_hidden_layer_sizes=sizes)

    stack(features(50, 4))[..., 4:].sum().backward()  # the outputs of task 2

    first = stack.heads.first.weight.grad.unflatten(-1, (3, sizes[0]))
    assert (first[..., :2, :] == 0).all()
    assert (first[..., 2, :] != 0).any()
    for layer in stack.heads.inner:
        assert (layer.weight.grad[:, :2] == 0).all()
        assert (layer.weight.grad[:, 2] != 0).any()


MIXED = SHAPES["mixed"]["head_hidden_layer_sizes"]


@pytest.mark.parametrize("activation", ["relu", "maxout"])
def test_private_layers_by_task_equal_a_loop_over_tasks(activation):
    stack = network(head_hidden_layer_sizes=MIXED, activation=activation)
    deep, flat = stack.heads.groups
    nn.init.normal_(flat.bias, generator=generator(3))
    x = features(10, 4)
    shared = stack.sharing(x)

    raw = stack(x)

    alike = network(head_hidden_layer_sizes=(4, 3), activation=activation)
    alike.sharing.load_state_dict(stack.sharing.state_dict())
    of_deep = [0, 4, 5]  # raw outputs of tasks 0 and 2
    for name in ("first", "inner.0", "last"):
        for part in ("weight", "bias"):
            own = deep.get_parameter(f"{name}.{part}").detach()
            whole = alike.heads.get_parameter(f"{name}.{part}").detach()
            if name == "first":
                own = own.unflatten(-1, (-1, 2, 4))
                whole.unflatten(-1, (-1, 3, 4))[..., [0, 2], :] = own
            else:
                whole[:, of_deep if name == "last" else [0, 2]] = own
    assert_close(raw[..., of_deep], alike(x)[..., of_deep])
    assert_close(raw[..., 1:4], shared @ flat.weight + flat.bias)


def test_tasks_with_layers_of_the_same_sizes_are_one_group():
    sizes = [(4,), (), (4,), (3, 2), ()] * 20
    stack = network(
        head_hidden_layer_sizes=sizes,
        task_of_output=np.arange(100),
        prior_raw=np.arange(100.0),
    )

    assert [len(group.tasks) for group in stack.heads.groups] == [40, 40, 20]
    raw = stack(torch.zeros(2, 4, dtype=torch.float64))
    assert_close(raw, torch.arange(100.0).double().expand(3, 2, 100))


def test_prior_can_be_set_anew_under_private_layers_by_task():
    stack = network(head_hidden_layer_sizes=MIXED)

    stack.set_prior(2 * PRIOR)

    raw = stack(torch.zeros(2, 4, dtype=torch.float64))
    assert_close(raw, torch.from_numpy(2 * PRIOR).expand(3, 2, 6))
