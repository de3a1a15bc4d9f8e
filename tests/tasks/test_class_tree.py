"""Columns of classes that part each other: loss, prior, labels that follow."""

import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_mtl.tasks import ClassTree, OutputLayout, Task, completed_columns
from tests.helpers import of_objects
from tests.tasks.helpers import columns_of, normal

COLUMNS = "order", "family", "species"
TREE = pd.DataFrame(
    {
        "order": ["meat", "meat", "meat", "meat", "meat", "grass", "grass"],
        "family": ["cat", "cat", "dog", "dog", "dog", "deer", "cow"],
        "species": ["lion", "lynx", "wolf", "fox", "wolf", "elk", "yak"],
    }
)


def tasks_of(table, columns=COLUMNS, weight=None, **parameters):
    """Fit the tasks of a group to a table, after what follows was filled in."""
    group = ClassTree(**parameters)
    tasks = [group.task_of(columns, level) for level in range(len(columns))]
    table = pd.DataFrame(table, columns=list(columns))
    weight = table.notna().to_numpy(dtype=float) if weight is None else weight
    read, weight = completed_columns(
        tasks, columns_of(table), weight, np.arange(len(table))
    )
    group.fit(tasks, read, weight)
    return tasks, read, weight


def codes_of(tasks, read):
    return np.column_stack(
        [task.encode(column) for task, column in zip(tasks, read, strict=True)]
    )


def probability_of(tasks, raw, codes):
    """Probability of the classes of each level by their definition."""
    found = []
    for level, task in enumerate(tasks):
        siblings = np.asarray(task.structure_[level])
        own = [c for c in range(len(siblings)) if siblings[c] == siblings[codes[level]]]
        within = np.exp(raw[level, codes[level]]) / np.exp(raw[level, own]).sum()
        found.append(within * (found[-1] if found else 1.0))
    return found


def test_loss_is_that_of_the_probabilities():
    tasks, read, _ = tasks_of(TREE)
    codes = codes_of(tasks, read)
    raw = normal(len(codes), 3, tasks[0].block_width())

    loss = tasks[0].loss(raw, torch.from_numpy(codes))

    expected = [
        probability_of(tasks, own, code.astype(int))
        for own, code in zip(raw.numpy(), codes, strict=True)
    ]
    assert_allclose(loss, -np.log(expected))
    for level, task in enumerate(tasks):
        flat = raw.flatten(-2).numpy()
        assert_allclose(task.loss_of_arrays(flat, codes[:, level]), loss[:, level])
        chosen = task.response(flat)[np.arange(len(codes)), codes[:, level].astype(int)]
        assert_allclose(chosen, np.array(expected)[:, level])


def test_gradient_is_that_of_the_likelihood():
    tasks, read, _ = tasks_of(TREE)
    codes = torch.from_numpy(codes_of(tasks, read))
    raw = normal(2, len(codes), 3, tasks[0].block_width()).requires_grad_()

    loss, gradient = tasks[0].loss_and_gradient(raw.detach(), codes)

    automatic_loss, automatic = Task.loss_and_gradient(tasks[0], raw, codes)
    assert_allclose(loss, automatic_loss)
    assert_allclose(gradient, automatic, atol=1e-12)
    # What levels lose within their parents sums to the loss of the last.
    within, _ = tasks[0]._within(raw, codes)
    (expected,) = torch.autograd.grad(within.sum(), raw)
    assert_allclose(gradient, expected, atol=1e-12)


def test_prior_is_the_share_of_each_class_and_costs_one():
    tasks, read, _ = tasks_of(TREE)
    layout = OutputLayout(tasks)
    raw = torch.from_numpy(layout.prior_raw).expand(1, len(TREE), -1)

    loss = layout.losses(raw, torch.from_numpy(codes_of(tasks, read)))

    assert_allclose(loss[0].mean(dim=0), layout.prior_cost)
    for task in tasks:
        assert_allclose(task.response(task.read_prior()), task.prior_)


def test_levels_agree_whatever_the_raw_outputs_and_the_temperature():
    tasks, _, _ = tasks_of(TREE)
    raw = 5 * normal(500, 3 * tasks[0].block_width()).numpy()
    raw[:50] = 0.0  # ties
    parents = [
        dict(TREE[[below, above]].itertuples(index=False))
        for above, below in itertools.pairwise(COLUMNS)
    ]
    for temperature in (1.0, 0.3, 4.0):
        responses = [task.tempered(task.response(raw), temperature) for task in tasks]
        chosen = [
            task.predict(response)
            for task, response in zip(tasks, responses, strict=True)
        ]
        for above, below, parent_of in zip(chosen, chosen[1:], parents, strict=False):
            assert [parent_of[label] for label in below] == list(above)
        for response in responses:
            assert_allclose(response.sum(axis=1), 1.0)
        structure = np.asarray(tasks[0].structure_[2])
        sums = np.stack([responses[2][:, structure == p].sum(axis=1) for p in range(4)])
        assert_allclose(sums.T, responses[1], atol=1e-12)


def test_random_trees_never_disagree():
    rng = np.random.default_rng(0)
    for _ in range(20):
        sizes = np.cumsum(rng.integers(1, 5, size=3))
        parents = [
            np.append(np.arange(above), rng.integers(0, above, below - above))
            for above, below in itertools.pairwise(sizes)
        ]
        leaves = np.arange(sizes[-1])
        middle = parents[1][leaves]
        table = np.column_stack([parents[0][middle], middle, leaves]).astype(float)
        tasks, _, _ = tasks_of(table)
        width = 3 * tasks[0].block_width()
        raw = rng.normal(size=(4, 200, width)) * rng.choice([0, 1, 300], (1, 200, 1))
        response = [task.response(raw).mean(axis=0) for task in tasks]
        top, below, last = (
            task.predict(own).astype(int)
            for task, own in zip(tasks, response, strict=True)
        )
        assert_array_equal(parents[1][last], below)
        assert_array_equal(parents[0][below], top)


def test_labels_imply_those_above():
    table = TREE.copy()
    table.loc[[1, 3], ["order", "family"]] = None
    table.loc[7] = [None, None, "lynx"]
    table.loc[8] = [None, "dog", None]
    tree = TREE[["species", "family"]].drop_duplicates()

    _, read, weight = tasks_of(table, parents=[{}, dict(tree.itertuples(index=False))])

    expected = [*TREE["order"], "meat", "meat"]
    assert read[0].values.tolist() == expected
    assert read[1].values[[1, 3, 7, 8]].tolist() == ["cat", "dog", "cat", "dog"]
    assert weight[:, :2].all()
    assert weight[8].tolist() == [1, 1, 0]


@pytest.mark.parametrize("kind", ["category", "codes", "short strings"])
def test_labels_are_filled_into_any_column(kind):
    if kind == "codes":
        above, below = [1.0, 2.0, np.nan], [5.0, 6.0, 6.0]
    else:
        above, below = ["a", "bb", None], ["x", "y", "y"]
    table = pd.DataFrame({"above": above, "below": below})
    if kind == "category":
        table = table.astype("category")

    tasks, read, _ = tasks_of(table, ("above", "below"))

    assert tasks[0].encode(read[0]).tolist() == [0, 1, 1]


def test_parents_without_children_count_as_missing():
    table = pd.DataFrame(
        {
            "family": ["cat", "dog", "eel", "cat"],
            "species": ["lion", "wolf", None, None],
        }
    )
    with pytest.warns(UserWarning, match="'eel' of column 'family' never has a label"):
        tasks, read, _ = tasks_of(table, ("family", "species"))

    assert tasks[0].classes_.tolist() == ["cat", "dog"]
    assert_array_equal(tasks[0].encode(read[0]), [0, 1, np.nan, 0])


def test_column_without_labels_is_missing_and_those_above_are_learned():
    table = pd.DataFrame({"family": ["cat", "dog"], "species": of_objects(None, None)})
    tasks, _, _ = tasks_of(table, ("family", "species"))

    raw = np.zeros((4, 2 * tasks[0].block_width()))
    assert tasks[0].response(raw).shape == (4, 2)
    assert tasks[1].predict(tasks[1].response(raw)).tolist() == [None] * 4


WRONG = {
    "two parents": (
        [["cat", "lion"], ["dog", "wolf"], ["dog", "lion"]],
        {},
        r"'lion' of column 'species' stands under 'dog'.*row 2.*under 'cat'",
    ),
    "no parent": ([["cat", "lion"], [None, "wolf"]], {}, "parent of 'wolf'.*ClassTree"),
    "contradicts": ([["cat", "lion"]], {"parents": {"lion": "dog"}}, "under 'dog'"),
    "three levels": ([["cat", "lion"]], {"parents": [{}, {}]}, "has 2 dicts"),
}


@pytest.mark.parametrize(("rows", "said", "message"), WRONG.values(), ids=list(WRONG))
def test_wrong_labels_are_told(rows, said, message):
    with pytest.raises(ValueError, match=message):
        tasks_of(rows, ("family", "species"), **said)


def test_parents_that_are_no_dict_are_told():
    with pytest.raises(TypeError, match="pass a dict"):
        tasks_of([["cat", "lion"]], ("family", "species"), parents="cat")
