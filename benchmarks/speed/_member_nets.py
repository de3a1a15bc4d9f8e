"""Stacks of members over one made table, ready to be trained."""

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.timing import Stopwatch
from sklearn_mtl.balancing import FixedWeights
from sklearn_mtl.tables import TargetTable
from sklearn_mtl.tasks import Task, resolve_tasks
from sklearn_mtl.training import (
    MemberRows,
    Members,
    MultiTaskNet,
    ensemble,
    give_rows,
    make_net,
    make_table,
    new_generator,
    random_folds,
    train,
)

ROWS, FEATURES, TASKS, BATCH = 2000, 32, 4, 64
VALIDATION_BATCH = 512
HELD_OUT = 0.1
Hidden = tuple[int, ...]


@cache
def made(n_rows: int) -> tuple[np.ndarray, np.ndarray, list[Task]]:
    """Features, codes and fitted tasks of columns of numbers."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, FEATURES)).astype(np.float32)
    signal = np.tanh(X @ rng.normal(size=(FEATURES, TASKS)))
    y = signal + 0.1 * rng.normal(size=signal.shape)
    columns = TargetTable(y).columns
    tasks = resolve_tasks(columns, "regression")
    for task, column in zip(tasks, columns, strict=True):
        task.fit(column, np.ones(n_rows))
    encoded = [task.encode(column) for task, column in zip(tasks, columns, strict=True)]
    return X, np.column_stack(encoded), tasks


def alike(
    n_members: int, hidden: Hidden, n_rows: int, *, n_folds: int, dropout: float = 0.0
) -> Members:
    """Make members of equal hyper-parameters; without a fold, none holds out rows."""
    folds = random_folds(n_rows, n_folds, HELD_OUT, new_generator(0)) if n_folds else []
    return ensemble(
        n_members,
        task_weight=np.full(TASKS, 1 / TASKS),
        folds=folds,
        learning_rate=1e-3,
        weight_decay=1e-2,
        dropout=dropout,
        depth=len(hidden),
        generator=new_generator(1),
    )


def ready(
    members: Members, hidden: Hidden, n_rows: int, epochs: int, *callbacks: Any
) -> tuple[MultiTaskNet, MemberRows]:
    """Make a net that trains for all epochs, and the rows of its members."""
    X, codes, tasks = made(n_rows)
    net = make_net(
        tasks,
        members,
        dtype="float32",
        device="cpu",
        solver="adam",
        generator=new_generator(2),
        balancing=FixedWeights(),
        reconstruction=None,
        decoded_columns=None,
        settings={
            "module__hidden_layer_sizes": hidden,
            "module__n_features": FEATURES,
            "batch_size": BATCH,
            "iterator_valid__batch_size": VALIDATION_BATCH,
            "max_epochs": epochs,
            "callbacks": list(callbacks),
            "callbacks__best_weights__monitor": "valid" if members.folds else None,
            "callbacks__best_weights__patience": epochs + 1,
        },
        overrides={},
    )
    table = make_table(net, X, codes, np.ones_like(codes))
    return net, give_rows(net, table, validation_table=None, unlabelled=None)


def watched(
    members: Members, hidden: Hidden, n_rows: int, epochs: int, *callbacks: Any
) -> tuple[Stopwatch, MultiTaskNet]:
    """Train a new net, and time its epochs."""
    watch = Stopwatch()
    net, rows = ready(members, hidden, n_rows, epochs, *callbacks, watch)
    watch.time(lambda: train(net, rows))
    return watch, net


def epoch_seconds(
    members: Members, hidden: Hidden, n_rows: int, epochs: int
) -> Callable[[], float]:
    return lambda: watched(members, hidden, n_rows, epochs)[0].epoch


def step_microseconds(
    members: Members, hidden: Hidden, n_rows: int, epochs: int
) -> Callable[[], float]:
    n_steps = -(-n_rows // BATCH)
    seconds = epoch_seconds(members, hidden, n_rows, epochs)
    return lambda: 1e6 * seconds() / n_steps


def multiply_adds(members: Members, hidden: Hidden) -> int:
    """Count the weights of the layers that members use, each used once a row."""
    return sum(
        a * b
        for depth in members.depth
        for a, b in pairwise((FEATURES, *hidden[:depth], TASKS))
    )
