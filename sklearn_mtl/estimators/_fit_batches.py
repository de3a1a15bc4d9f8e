"""A fit to rows that come in batches, of which memory holds some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from math import ceil
from typing import Any, TypeVar

from sklearn_mtl.estimators._codings import Codings
from sklearn_mtl.estimators._decorators import checks_parameters
from sklearn_mtl.estimators._earlier import fitted_before
from sklearn_mtl.estimators._encode import encode_table
from sklearn_mtl.estimators._fit import fit_table
from sklearn_mtl.estimators._parameters import check_parts
from sklearn_mtl.estimators._reading import (
    Table,
    n_rows_of,
    read_table,
    read_validation,
    read_y,
    seed_of,
    weight_of_labels,
)
from sklearn_mtl.estimators._rows import labelled_rows
from sklearn_mtl.estimators._stream import (
    Batch,
    RowStream,
    Survey,
    opener_of,
    survey,
    windows_of,
)
from sklearn_mtl.estimators._warm_start import check_can_go_on
from sklearn_mtl.tables import check_same_columns
from sklearn_mtl.training import (
    Ahead,
    Course,
    MultiTaskNet,
    TaskTable,
    usual_torch_modes,
)

Net = TypeVar("Net", bound=Any)

ROWS_IN_MEMORY = 131_072


@checks_parameters
def fit_batches(
    self: Net,
    batches: Any,
    *,
    classes: Any = None,
    rows_in_memory: int = ROWS_IN_MEMORY,
) -> Net:
    """Learn from rows that come in batches, of which memory holds some at a time.

    A first pass keeps a sample, from which the coding of X and y is learned, and rows
    to hold out. Then each epoch reads the next `rows_in_memory` rows, round and round,
    while a thread prepares those of the epoch after. Training ends as that of `fit`
    does: by rows that are held out, `max_iter` times all rows at the latest, or at
    `time_limit`, which counts the first pass too.

    Parameters
    ----------
    batches : iterable, or function that gives one
        Read from its beginning again and again, so that a function which opens a file
        is right and a generator is not. Of pairs (X, y), triples (X, y, sample_weight)
        or dicts with the keys "X", "y", "sample_weight" and "groups", the containers
        being those of `fit`. Rows should come in random order, or in one that says
        nothing of y. Rows of a group are held out together, in whatever batch they
        come; without groups, rows are told by their position, and must come in the
        same order each time.
    classes : list, dict or array, default=None
        All classes of each column, None at a numeric one, where the sample may not
        show them all; an array for a 1-D y.
    rows_in_memory : int, default=131072
        Rows of the sample, and of an epoch; a quarter of them are held out at most,
        `validation_fraction` of all rows where that is less.

    Returns
    -------
    self
        The fitted estimator.

    Raises
    ------
    ValueError
        As `fit`; for a class that the sample did not show; for `cv` and
        `reconstruction`, which need all rows at once. The estimator is left as it was.
    TypeError
        For batches that can be read once only.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> def read():
    ...     rng = np.random.default_rng(0)
    ...     for _ in range(10):
    ...         X = rng.normal(size=(200, 3))
    ...         yield X, np.column_stack([X[:, 0], X[:, 0] + X[:, 1]])
    >>> net = MultiTaskNetRegressor(n_members=2, random_state=0)
    >>> net.fit_batches(read, rows_in_memory=1000).score(*next(read())) > 0.9
    True
    """
    self._validate_params()
    check_parts(self)
    _refuse_what_needs_all_rows(self)
    _check_rows_in_memory(rows_in_memory)
    self._check_calibrate(self.early_stopping, "fit_batches")
    course = Course(self.time_limit)
    earlier = fitted_before(self, self.warm_start)
    names = None if earlier is None else earlier.stack.codings.names
    stream = RowStream(opener_of(batches), seed_of(self.random_state))
    with ExitStack() as stack:
        stack.enter_context(self._unchanged_on_failure(earlier))
        stack.enter_context(usual_torch_modes())
        share = self.validation_fraction if self.early_stopping else 0.0
        found = survey(stream, rows_in_memory, share)
        sample = found.sample
        table = read_table(self, sample.X, sample.y, sample.sample_weight, names)
        table = replace(table, n_streamed=found.n_rows)
        validation = None
        if self.early_stopping:
            held_out = _held_out_of(found)
            names = names or table.y.names
            validation = read_validation(self, held_out.X, held_out.y, names)

        def windows(net: MultiTaskNet, codings: Codings) -> Iterator[TaskTable]:
            tables = _tables(self, stream, found, rows_in_memory, net, codings)
            return stack.enter_context(Ahead(tables))

        fitted = fit_table(
            self,
            table,
            validation,
            earlier,
            classes=classes,
            epochs=self.max_iter * ceil(found.n_rows / rows_in_memory),
            windows=windows,
            course=course,
        )
        if not self.warm_start:
            fitted.stack.forget_optimizer_state()
        self._keep(fitted, sample.y)
    return self


def _tables(
    estimator: Any,
    stream: RowStream,
    found: Survey,
    n_rows: int,
    net: MultiTaskNet,
    codings: Codings,
) -> Iterator[TaskTable]:
    """Encode the rows of one epoch after the other."""
    for window in windows_of(stream, found, n_rows):
        table = _read(codings, window)
        if not table.scoring_weight.any():
            continue
        rows = labelled_rows(table)
        check_can_go_on(codings.tasks, rows.columns, rows.scoring_weight)
        rows = rows.completed(codings.tasks)
        rows = rows.weighed(codings.tasks, estimator.class_weight)
        yield encode_table(net, codings, rows)


def _read(codings: Codings, window: Batch) -> Table:
    X = codings.read_X(window.X)
    y = read_y(window.y, n_rows_of(X))
    check_same_columns(y, codings.names, name="y")
    return Table(X, y, weight_of_labels(window.sample_weight, y.columns))


def _refuse_what_needs_all_rows(estimator: Any) -> None:
    for name in ("cv", "reconstruction", "teachers"):
        if getattr(estimator, name) is not None:
            raise ValueError(
                f"{name} needs all rows at once, and fit_batches holds some of them. "
                f"Set {name}=None, or call fit."
            )


def _check_rows_in_memory(n_rows: Any) -> None:
    if not isinstance(n_rows, int) or isinstance(n_rows, bool) or n_rows < 2:
        raise ValueError(
            f"rows_in_memory is {n_rows!r}. Pass a number of rows of 2 or more."
        )


def _held_out_of(found: Survey) -> Batch:
    if found.held_out is None:
        raise ValueError(
            f"Of {found.n_rows} rows none was drawn to be held out. Raise "
            "validation_fraction, or rows_in_memory where groups are larger than a "
            "quarter of it, pass smaller groups, or set early_stopping=False."
        )
    return found.held_out
