"""Columns are drawn towards their prior as far as held-out rows say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sklearn_mtl.estimators._fitted_stack import FittedStack
from sklearn_mtl.estimators._held_out import is_known
from sklearn_mtl.estimators._rows import Rows
from sklearn_mtl.tables import take_rows
from sklearn_mtl.tasks import Task, groups_of, weight_of_loss
from sklearn_mtl.training import MemberRows

LEAST_SHRINKAGE = 0.01
"""So that rows keep the order in which members put them."""
MOST_ROWS = 4096
"""Rows, evenly spaced, on which members are asked how far they are from each other."""
SHARES = np.array([LEAST_SHRINKAGE, *np.linspace(0.05, 1.0, 20)])
"""Shares of the way from the prior among which the best is sought."""
MOST_HARM = 5e-3
"""Loss of members above the prior's, in units of it, that a column may be left with."""


def shrinkage_of(
    stack: FittedStack, member_rows: MemberRows, rows: Rows, beaten: np.ndarray
) -> np.ndarray:
    """Share of the way from the prior that predictions of each task go, (T,).

    That which makes the loss of the members' mean on held-out rows least, a shrinkage
    factor [1]_: what members lose there, less what their mean gains by their
    differences [2]_. A column of few telling labels hardly knows its own: its losses
    are averaged with those of the others, by the weights of `weight_of_loss`. Nor are
    members, one by one, left worse than the prior. 1 for classes that beat it with a
    temperature, and where no label was held out. Columns that belong together go the
    same share of the way, that which is best for them on average.

    Parameters
    ----------
    stack : FittedStack
        Its shrinkage is not looked at.
    member_rows : MemberRows
        Rows that members held out.
    rows : Rows
        Those of the table behind them.
    beaten : bool ndarray of shape (T,)
        Columns of which the prior is known to be beaten, by probabilities with a
        temperature: what is only too sure of itself keeps all that it knows.

    References
    ----------
    .. [1] J. B. Copas, "Regression, prediction and shrinkage", Journal of the Royal
       Statistical Society B 45, 1983.
    .. [2] A. Krogh, J. Vedelsby, "Neural Network Ensembles, Cross Validation, and
       Active Learning", NIPS 1994.
    """
    tasks = stack.tasks
    shrinkage = np.ones(len(tasks))
    beaten = _of_all(beaten, tasks)
    learned = [
        t for t, task in enumerate(tasks) if task.prior_cost_ > 0 and not beaten[t]
    ]
    losses = relative_losses(stack, member_rows, rows, learned, SHARES)
    held_out = ~np.isnan(losses[:, -1])
    columns = [t for t, known in zip(learned, held_out, strict=True) if known]
    if columns:
        gains = gains_of_mean(stack, rows, columns, SHARES)
        chosen = [tasks[t] for t in columns]
        losses, gains, labels = (
            _of_group(values, chosen)
            for values in (losses[held_out], gains, stack.labels[columns])
        )
        shrinkage[columns] = SHARES[best_shares(losses, gains, labels)]
    for _, own in groups_of(tasks):
        shrinkage[own] = shrinkage[own].min()
    return shrinkage


def _of_group(values: np.ndarray, tasks: list[Task]) -> np.ndarray:
    """Give columns (T, ...) that belong together their mean."""
    values = values.astype(float)
    for _, own in groups_of(tasks):
        values[own] = values[own].mean(axis=0)
    return values


def _of_all(known: np.ndarray, tasks: list[Task]) -> np.ndarray:
    """Tell whether what is true of columns, (T,), is so of all that belong together."""
    known = known.copy()
    for _, own in groups_of(tasks):
        known[own] = known[own].all()
    return known


def best_shares(
    losses: np.ndarray, gains: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """Position of each column's best share, (n_columns,).

    Parameters
    ----------
    losses : ndarray of shape (n_columns, n_shares)
        Of members, in units of the prior.
    gains : ndarray of shape (n_columns, n_shares)
        By how much the loss of the members' mean is below.
    labels : ndarray of shape (n_columns,)
        How many labels of each column tell something.
    """
    weight, of_mean = weight_of_loss(labels)[:, np.newaxis], losses - gains
    pooled = weight * of_mean + (1.0 - weight) * of_mean.mean(axis=0)
    pooled[losses > 1.0 + MOST_HARM] = np.inf
    pooled[np.isinf(pooled).all(axis=1), 0] = 0.0
    best: np.ndarray = pooled.argmin(axis=1)
    return best


def relative_losses(
    stack: FittedStack,
    member_rows: MemberRows,
    rows: Rows,
    columns: Sequence[int],
    shares: np.ndarray,
) -> np.ndarray:
    """Losses of members on rows that they held out, in units of the prior's there.

    Returns
    -------
    ndarray of shape (n_columns, n_shares)
        NaN for a column of which no label was held out.
    """
    tasks = stack.tasks
    codes = {t: np.asarray(tasks[t].encode(rows.columns[t])) for t in columns}
    total = {t: np.zeros(1 + len(shares)) for t in columns}
    from_prior = np.array([0.0, *shares])
    for t, index, distance in stack.distances_of_held_out(member_rows, columns):
        known = (index >= 0) & is_known(codes[t])[index]
        row, away = index[known], distance[known]
        raw = tasks[t].read_prior() + from_prior[:, None, None] * away
        loss = tasks[t].loss_of_arrays(raw, codes[t][row])
        total[t] += loss @ rows.training_weight[row, t]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.array([total[t][1:] / total[t][0] for t in columns]).reshape(
            len(columns), len(shares)
        )


def gains_of_mean(
    stack: FittedStack, rows: Rows, columns: Sequence[int], shares: np.ndarray
) -> np.ndarray:
    """Mean loss of members less that of their mean raw output, in units of the prior.

    Where raw outputs are the natural parameters of an exponential family, as those of
    numbers and classes are, labels cancel out: rows that members trained on serve.
    There members agree rather more, so that the gain is no overestimate.

    Returns
    -------
    ndarray of shape (n_columns, n_shares)
    """
    some = np.arange(0, len(rows), -(-len(rows) // MOST_ROWS))
    tasks = stack.tasks
    codes = {t: np.asarray(tasks[t].encode(rows.columns[t]))[some] for t in columns}
    gain = {t: np.zeros(len(shares)) for t in columns}
    prior = dict.fromkeys(columns, 0.0)
    for t, here, distance in stack.distances(take_rows(rows.X, some), columns):
        known = is_known(codes[t][here])
        labels, weight = (
            codes[t][here][known],
            rows.training_weight[some[here], t][known],
        )
        away = shares[:, None, None, None] * distance[:, known]
        raw, mean = away, away.mean(axis=1)
        start = tasks[t].read_prior()
        of_members = tasks[t].loss_of_arrays(start + raw, labels).mean(axis=1)
        of_mean = tasks[t].loss_of_arrays(start + mean, labels)
        gain[t] += (of_members - of_mean) @ weight
        at_prior = start + np.zeros_like(mean[0])
        prior[t] += float(tasks[t].loss_of_arrays(at_prior, labels) @ weight)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.array([gain[t] / prior[t] for t in columns])
