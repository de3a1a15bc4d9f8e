"""Columns of which members know no more than the prior are drawn towards it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sklearn_mtl.estimators._fitted_stack import FittedStack
from sklearn_mtl.estimators._rows import Rows
from sklearn_mtl.tasks import weight_of_loss
from sklearn_mtl.training import MemberRows

LEAST_SHRINKAGE = 0.01
"""So that rows keep the order in which members put them."""
SHARES = np.array([LEAST_SHRINKAGE, *np.linspace(0.05, 1.0, 20)])
"""Shares of the way from the prior among which the best is sought."""
LEAST_HARM = 1e-3
"""Loss above the prior's, in units of it, that chance or the least share may leave."""


def shrinkage_of(
    stack: FittedStack, member_rows: MemberRows, rows: Rows, beaten: np.ndarray
) -> np.ndarray:
    """Share of the way from the prior that predictions of each task go, (T,).

    1 where the loss on held-out rows is below the prior's, as it is or with a
    temperature. Elsewhere the share that
    makes it least, a shrinkage factor [1]_. A column of few telling labels hardly knows
    its own: its losses are averaged with those of the other columns of that case, by
    the weights of `weight_of_loss`. No column is left above its prior.

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
    """
    tasks = stack.codings.tasks
    shrinkage = np.ones(len(tasks))
    learned = [
        t for t, task in enumerate(tasks) if task.prior_cost_ > 0 and not beaten[t]
    ]
    ends = relative_losses(stack, member_rows, rows, learned, np.ones(1))
    in_doubt = [t for t, (loss,) in zip(learned, ends, strict=True) if loss >= 1.0]
    if in_doubt:
        losses = relative_losses(stack, member_rows, rows, in_doubt, SHARES)
        labels = stack.codings.labels[in_doubt]
        shrinkage[in_doubt] = SHARES[best_shares(losses, labels)]
    return shrinkage


def best_shares(losses: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Position of each column's best share, (n_columns,).

    Parameters
    ----------
    losses : ndarray of shape (n_columns, n_shares)
        In units of the prior.
    labels : ndarray of shape (n_columns,)
        How many labels of each column tell something.
    """
    weight = weight_of_loss(labels)[:, np.newaxis]
    pooled = weight * losses + (1.0 - weight) * losses.mean(axis=0)
    pooled[losses > 1.0 + LEAST_HARM] = np.inf
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
    tasks = stack.codings.tasks
    codes = {t: np.asarray(tasks[t].encode(rows.columns[t])) for t in columns}
    total = {t: np.zeros(1 + len(shares)) for t in columns}
    from_prior = np.array([0.0, *shares])
    for t, index, distance in stack.distances_of_held_out(member_rows, columns):
        known = (index >= 0) & ~np.isnan(codes[t])[index]
        row, away = index[known], distance[known]
        raw = tasks[t].prior_raw_ + from_prior[:, None, None] * away
        loss = tasks[t].loss_of_arrays(raw, codes[t][row])
        total[t] += loss @ rows.training_weight[row, t]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.array([total[t][1:] / total[t][0] for t in columns]).reshape(
            len(columns), len(shares)
        )
