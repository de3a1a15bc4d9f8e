"""Held-out losses of what is delivered: the members' mean, drawn to the prior."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sklearn_mtl.estimators._fitted_stack import FittedStack
from sklearn_mtl.estimators._held_out import is_known
from sklearn_mtl.estimators._rows import Rows
from sklearn_mtl.tables import take_rows
from sklearn_mtl.training import MemberRows

SHARES = np.array([0.01, 0.2, 0.4, 0.6, 0.8, 1.0])
"""Shares of the way from the prior, of which a column's best counts."""
MOST_ROWS = 1024
"""Rows, evenly spaced, on which members are asked how far they are from each other."""


def losses_of_mean(
    stack: FittedStack,
    member_rows: MemberRows,
    rows: Rows,
    columns: Sequence[int],
    candidates: np.ndarray,
) -> np.ndarray:
    """Loss of each member on the rows that it held out, as a part of a mean.

    What a member loses there, less what the mean of all gains by their differences, in
    units of the prior. Both are taken at the share of the way from the prior that is
    best for the column. Two nets are compared by what they would predict in the end:
    what makes members alike lowers the loss of each, but hardly that of their mean.

    Parameters
    ----------
    stack : FittedStack
    member_rows : MemberRows
        Rows that members held out.
    rows : Rows
        Those of the table behind them.
    columns : sequence of int
    candidates : int ndarray of shape (K,)
        Members of an equal candidate have a mean.

    Returns
    -------
    ndarray of shape (K, n_columns)
        NaN where a member held out no label of a column.
    """
    held_out = _held_out_losses(stack, member_rows, rows, columns)
    differences = _gains_of_mean(stack, rows, columns, candidates)
    found = np.full((len(candidates), len(columns)), np.nan)
    for c in range(candidates.max() + 1):
        own = np.flatnonzero(candidates == c)
        for position in range(len(columns)):
            loss = held_out[position, :, own] - differences[position, :, c]
            known = np.isfinite(loss).all(axis=1)
            if known.any():
                best = loss[known].mean(axis=0).argmin()
                found[own[known], position] = loss[known, best]
    return found


def _held_out_losses(
    stack: FittedStack, member_rows: MemberRows, rows: Rows, columns: Sequence[int]
) -> np.ndarray:
    """Losses (n_columns, n_shares, K) of members at each share; NaN without labels."""
    tasks = stack.codings.tasks
    codes = {t: np.asarray(tasks[t].encode(rows.columns[t])) for t in columns}
    shape = len(columns), len(SHARES), stack.net.members.number
    total, weight = np.zeros(shape), np.zeros((len(columns), shape[2]))
    for t, index, distance in stack.distances_of_held_out(member_rows, columns):
        position = list(columns).index(t)
        for k, (placed, away) in enumerate(zip(index, distance, strict=True)):
            known = (placed >= 0) & is_known(codes[t])[placed]
            row = placed[known]
            raw = tasks[t].read_prior() + SHARES[:, None, None] * away[known]
            loss = tasks[t].loss_of_arrays(raw, codes[t][row])
            counts = rows.training_weight[row, t]
            total[position, :, k] += loss @ counts
            weight[position, k] += counts.sum()
    cost = np.array([tasks[t].prior_cost_ for t in columns])
    units = (weight * cost[:, None])[:, None, :]
    return np.divide(total, units, out=np.full(shape, np.nan), where=units > 0)


def _gains_of_mean(
    stack: FittedStack, rows: Rows, columns: Sequence[int], candidates: np.ndarray
) -> np.ndarray:
    """Mean loss of members less that of their mean, on rows that have a label.

    There members agree rather more than elsewhere, so that it is no overestimate.

    Returns
    -------
    ndarray of shape (n_columns, n_shares, n_candidates)
    """
    some = np.arange(0, len(rows), -(-len(rows) // MOST_ROWS))
    tasks, n_candidates = stack.codings.tasks, candidates.max() + 1
    gains = np.zeros((len(columns), len(SHARES), n_candidates))
    total = np.zeros(len(columns))
    codes = {t: np.asarray(tasks[t].encode(rows.columns[t]))[some] for t in columns}
    for t, here, distance in stack.distances(take_rows(rows.X, some), columns):
        task, position = tasks[t], list(columns).index(t)
        known = is_known(codes[t][here])
        labels = codes[t][here][known]
        weight = rows.training_weight[some[here], t][known]
        total[position] += weight.sum() * task.prior_cost_
        for c in range(n_candidates):
            away = SHARES[:, None, None, None] * distance[candidates == c][:, known]
            prior = task.read_prior()
            raw, mean = prior + away, prior + away.mean(axis=1)
            of_members = task.loss_of_arrays(raw, labels).mean(axis=1)
            of_mean = task.loss_of_arrays(mean, labels)
            gains[position, :, c] += (of_members - of_mean) @ weight
    return gains / np.where(total > 0, total, 1.0)[:, None, None]
