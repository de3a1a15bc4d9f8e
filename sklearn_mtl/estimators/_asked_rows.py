"""Rows that members did not train on, and what members say of them as cells move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklearn_mtl.estimators._fitted_stack import FittedStack
from sklearn_mtl.estimators._held_out import collect
from sklearn_mtl.estimators._reading import (
    n_rows_of,
    read_table,
    read_y,
    weight_of_labels,
)
from sklearn_mtl.estimators._rows import Rows, labelled_rows
from sklearn_mtl.joint import HeldOutLabels
from sklearn_mtl.metrics import Outcome, outcome_of
from sklearn_mtl.tables import sources_of_features, warn_of_another_order
from sklearn_mtl.training import (
    MemberRows,
    TaskTable,
    give_rows,
    make_table,
    number_format,
    rows_of_all,
    with_cells_of,
)


@dataclass(frozen=True, eq=False)
class AskedRows:
    """Rows with labels, which each member reads that did not train on them.

    Attributes
    ----------
    stack : FittedStack
    rows : Rows
        With the columns that are predicted.
    member_rows : MemberRows
        The same rows encoded.
    """

    stack: FittedStack
    rows: Rows
    member_rows: MemberRows

    def __len__(self) -> int:
        return len(self.rows)

    def outcomes(self) -> list[Outcome]:
        """Put the labels of each column beside what members say of their rows."""
        read = self.member_rows.read_by_someone()[:, np.newaxis]
        counts = (self.rows.scoring_weight > 0) & read
        return [
            replace(
                outcome_of(
                    task.name_, task, column, None, response, weight, source="y"
                ),
                weight=None,
            )
            for task, column, response, weight in zip(
                self.stack.tasks,
                self.rows.columns,
                self._responses(self.member_rows),
                counts.T.astype(np.float64),
                strict=True,
            )
        ]

    def responses_with_cells_of(
        self, order: np.ndarray, columns: np.ndarray
    ) -> list[np.ndarray]:
        """Ask for rows that have the cells of others in some columns of X.

        Parameters
        ----------
        order : int ndarray of shape (n,)
            For each row, the one whose cells it gets.
        columns : int ndarray
            Positions of columns of X; all that encodes them moves together.

        Returns
        -------
        list of ndarray of shape (n, m)
            Mean response of each task, over the members that did not train on a row;
            NaN where there are none.
        """
        sources = sources_of_features(self.stack.codings.encoder)
        encoded = np.flatnonzero(np.isin(sources, columns))
        return self._responses(with_cells_of(self.member_rows, order, encoded))

    def _responses(self, member_rows: MemberRows) -> list[np.ndarray]:
        found: dict[int, np.ndarray] = {}
        number = np.zeros((len(self.stack.tasks), len(self), 1))
        for t, index, response in self._answers(member_rows):
            if t not in found:
                found[t] = np.zeros((len(self), response.shape[-1]))
            for rows, answers in zip(index, response, strict=True):
                kept = rows >= 0
                found[t][rows[kept]] += answers[kept]
                number[t, rows[kept]] += 1
        with np.errstate(invalid="ignore"):
            return [found[t] / number[t] for t in range(len(number))]

    def _answers(
        self, member_rows: MemberRows
    ) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        for tasks, index, responses in self.stack.responses_to_held_out(member_rows):
            for t, response in zip(tasks, responses, strict=True):
                yield t, index, response


def held_out_rows(estimator: Any, X: Any, y: Any) -> AskedRows:
    """Give the rows of a fit, each to be asked of members that held it out.

    Parameters
    ----------
    estimator : fitted MultiTaskNetEstimator or a sibling
    X, y : as passed to ``fit``

    Raises
    ------
    ValueError
        Members held out none of the rows of X; or X and y are not those of the fit.
    """
    stack, known = estimator.stack_, estimator._held_out_labels
    if known is None or not stack.net.members.folds:
        raise ValueError(
            f"The members of this {type(estimator).__name__} held out none of the rows "
            "that it was fitted on. Pass rows that it was not fitted on, with "
            "cv='prefit'; or an estimator that is not fitted, with cv=5."
        )
    table = read_table(estimator, X, y, None, stack.codings.names)
    rows = labelled_rows(table).completed(stack.codings.tasks)
    held = max(int(fold.held_out.max()) for fold in stack.net.members.folds)
    if held >= len(rows):
        raise _other_rows(f"{len(rows)} rows with labels, fewer than fit saw")
    member_rows = give_rows(
        stack.net, _encoded(stack, rows), validation_table=None, unlabelled=None
    ).held_out
    assert member_rows is not None
    rows = rows.of_columns(stack.codings.predicted)
    _check_same_rows(
        known, collect(stack, member_rows, rows).to_keep(known.residual_std)
    )
    return AskedRows(stack, rows, member_rows)


def new_rows(estimator: Any, X: Any, y: Any) -> AskedRows:
    """Give rows that no member trained on, to be asked of all.

    Parameters
    ----------
    estimator : fitted MultiTaskNetEstimator or a sibling
    X, y : as passed to ``score``
    """
    stack = estimator.stack_
    X = stack.codings.read_X(X)
    table = stack.codings.roles.with_blanks(read_y(y, n_rows_of(X)), name="y")
    warn_of_another_order(X, y, "y")
    weight = weight_of_labels(None, table.columns)
    n_rows = len(weight)
    rows = Rows(
        X=X,
        columns=table.columns,
        scoring_weight=weight,
        training_weight=weight,
        positions=np.arange(n_rows),
        n_passed=n_rows,
    ).completed(stack.codings.tasks)
    member_rows = rows_of_all(stack.net, _encoded(stack, rows))
    return AskedRows(stack, rows.of_columns(stack.codings.predicted), member_rows)


def _encoded(stack: FittedStack, rows: Rows) -> TaskTable:
    """Encode rows as a table whose codes say nothing."""
    net, tasks = stack.net, stack.codings.tasks
    features = stack.codings.encoder.transform_compact(rows.X, number_format(net))
    codes = np.zeros((len(rows), sum(task.n_codes for task in tasks)))
    return make_table(net, features, codes, rows.training_weight)


def _check_same_rows(known: HeldOutLabels, now: HeldOutLabels) -> None:
    """Check that what members say of held-out rows is what they said in fit."""
    pairs = [
        (known.labels, now.labels),
        *zip(known.responses, now.responses, strict=True),
    ]
    for before, after in pairs:
        if before.shape != after.shape:
            raise _other_rows(
                f"{len(after)} rows, where members held out {len(before)}"
            )
        if not np.allclose(before, after, rtol=1e-4, atol=1e-6, equal_nan=True):
            raise _other_rows("other rows, or these in another order")


def _other_rows(what: str) -> ValueError:
    return ValueError(
        f"X and y hold {what}. With cv=None, pass the X and y that the estimator was "
        "fitted on, each row is asked of the members that held it out; with "
        "cv='prefit', rows that it was not fitted on."
    )
