"""Scores of joint draws, which tell whether dependence is predicted too."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import combinations
from numbers import Real
from typing import Any

import numpy as np
from scipy.spatial.distance import pdist
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from sklearn_mtl.metrics._outcome import numbers_of
from sklearn_mtl.metrics._predicted import Truth
from sklearn_mtl.metrics._rows import mean_of_rows, mean_weight
from sklearn_mtl.tables import TargetTable, is_frame
from sklearn_mtl.tasks import per_column

ESTIMATOR = StrOptions({"nrg", "fair"})


@validate_params({"estimator": [ESTIMATOR]}, prefer_skip_nested_validation=True)
def energy_score(
    y_true: Any,
    y_samples: Any,
    *,
    scale: Any = None,
    estimator: str = "nrg",
    sample_weight: Any = None,
) -> float:
    r"""Energy score of joint draws; smaller is better.

    .. math::

        \text{ES} = \frac 1 M \sum_m \lVert x_m - y \rVert
        - \frac 1 {2 M^2} \sum_{m, l} \lVert x_m - x_l \rVert

    with the labels :math:`y` of a row and its draws :math:`x_1, \dots, x_M` [1]_. It is
    proper: no other distribution scores better than the true one. For one column it is
    the continuous ranked probability score.

    Parameters
    ----------
    y_true : array of shape (n_samples, n_tasks), list or data frame
        Numbers. Labels that are missing or have the weight 0 are skipped: the norms
        run over the others of the row.
    y_samples : array of shape (n_samples, n_tasks, n_draws), or data frame
        Draws, as ``sample_y`` returns them; a frame holds all rows of the first draw,
        then those of the second, and so on.
    scale : None, sequence or dict, default=None
        Unit of each column, such as the standard deviation of its training labels:
        labels and draws are divided by it. None takes them as they are, so that columns
        of large numbers count for most.
    estimator : {"nrg", "fair"}, default="nrg"
        "nrg" scores the draws themselves; "fair" divides the second sum by
        :math:`M (M - 1)` and so estimates, without bias, the score of the distribution
        that they are drawn from, however few they are.
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), default=None
        Weight of each row; or of each label, a row then weighing what its labels do on
        average.

    Returns
    -------
    float
        Mean over the rows that have a label; NaN where none has.

    Raises
    ------
    ValueError
        Shapes do not fit each other, a column holds no numbers, or a draw is no finite
        number where a label is known.

    See Also
    --------
    variogram_score : Tells wrong dependence from right more sharply.

    References
    ----------
    .. [1] T. Gneiting, A. E. Raftery, "Strictly Proper Scoring Rules, Prediction, and
       Estimation", JASA 102, 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl.metrics import energy_score
    >>> y_true = np.array([[0.0, 0.0], [1.0, np.nan]])
    >>> y_samples = np.array([[[3.0, 0.0], [4.0, 0.0]], [[1.0, 2.0], [0.0, 0.0]]])
    >>> energy_score(y_true, y_samples)
    0.75
    """
    draws = _read(y_true, y_samples, scale, sample_weight)
    n_draws = _n_draws(draws, estimator)
    pairs = n_draws * (n_draws - 1) if estimator == "fair" else n_draws**2
    found = np.full(len(draws.labels), np.nan)
    for row in np.flatnonzero(draws.counts.any(axis=1)):
        known = draws.counts[row]
        samples = draws.samples[row, known].T
        errors = np.linalg.norm(samples - draws.labels[row, known], axis=1)
        spread = pdist(samples).sum() / pairs
        found[row] = errors.mean() - spread
    return mean_of_rows(found, draws.weight)


@validate_params(
    {"estimator": [ESTIMATOR], "p": [Interval(Real, 0, None, closed="neither")]},
    prefer_skip_nested_validation=True,
)
def variogram_score(
    y_true: Any,
    y_samples: Any,
    *,
    p: float = 0.5,
    scale: Any = None,
    estimator: str = "nrg",
    sample_weight: Any = None,
) -> float:
    r"""Variogram score of joint draws; smaller is better.

    .. math::

        \text{VS}_p = \sum_{i, j} \Bigl( |y_i - y_j|^p
        - \frac 1 M \sum_m |x_{m, i} - x_{m, j}|^p \Bigr)^2

    over pairs of columns of a row [1]_. It looks at differences of columns alone: it is
    blind to what is added to all of them, and sharp where they move together.

    Parameters
    ----------
    y_true : array of shape (n_samples, n_tasks), list or data frame
        Numbers, in two columns or more. Labels that are missing or have the weight 0
        are skipped: the sum runs over the pairs that are known.
    y_samples : array of shape (n_samples, n_tasks, n_draws), or data frame
        As in `energy_score`.
    p : float, default=0.5
        Order; 0.5 and 1 are usual.
    scale : None, sequence or dict, default=None
        As in `energy_score`. Columns of unlike units have differences that mean
        something only once they are scaled.
    estimator : {"nrg", "fair"}, default="nrg"
        "nrg" scores the draws themselves; "fair" takes off what the mean over draws
        varies by, and so estimates, without bias, the score of the distribution that
        they are drawn from.
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), default=None
        As in `energy_score`.

    Returns
    -------
    float
        Mean over the rows that have two labels or more; NaN where none has.

    Raises
    ------
    ValueError
        Shapes do not fit each other, a column holds no numbers, or a draw is no finite
        number where a label is known.

    See Also
    --------
    energy_score : Scores joint draws, all columns at once.

    References
    ----------
    .. [1] M. Scheuerer, T. M. Hamill, "Variogram-Based Proper Scoring Rules for
       Probabilistic Forecasts of Multivariate Quantities", Monthly Weather Review 143,
       2015.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl.metrics import variogram_score
    >>> y_true = np.array([[0.0, 4.0]])
    >>> y_samples = np.array([[[0.0, 0.0], [1.0, 9.0]]])
    >>> variogram_score(y_true, y_samples)
    0.0
    >>> variogram_score(y_true, y_samples, p=1)
    2.0
    """
    draws = _read(y_true, y_samples, scale, sample_weight)
    n_draws = _n_draws(draws, estimator)
    found = np.where(draws.counts.sum(axis=1) > 1, 0.0, np.nan)
    for i, j in combinations(range(draws.labels.shape[1]), 2):
        rows = np.flatnonzero(draws.counts[:, i] & draws.counts[:, j])
        labels, samples = draws.labels[rows], draws.samples[rows]
        observed = np.abs(labels[:, i] - labels[:, j]) ** p
        drawn = np.abs(samples[:, i] - samples[:, j]) ** p
        misses = (observed - drawn.mean(axis=1)) ** 2
        if estimator == "fair":
            misses -= drawn.var(axis=1) / (n_draws - 1)
        found[rows] += 2.0 * misses  # each pair stands in the sum twice
    return mean_of_rows(found, draws.weight)


class _Draws:
    """Labels (n, T), their draws (n, T, M), which count, and weights of the rows."""

    def __init__(
        self, labels: np.ndarray, samples: np.ndarray, weight: np.ndarray | None
    ) -> None:
        self.counts = ~np.isnan(labels)
        if weight is not None:
            self.counts &= weight > 0
        self.labels, self.samples = labels, samples
        self.weight = mean_weight(self.counts, weight)


def _read(y_true: Any, y_samples: Any, scale: Any, sample_weight: Any) -> _Draws:
    truth = Truth(y_true, sample_weight)
    names = truth.table.names
    labels = np.column_stack([numbers_of(c.name, c, "y_true") for c in truth.columns])
    draws = _Draws(labels, _samples(y_samples, truth), truth.weight)
    wrong = draws.counts[:, :, None] & ~np.isfinite(draws.samples)
    if wrong.any():
        row, t, m = np.argwhere(wrong)[0]
        raise ValueError(
            f"y_samples holds {draws.samples[row, t, m]} in row {row}, column "
            f"{names[t]!r}, draw {m}, where y_true holds a label. Pass finite numbers, "
            "or make the label missing."
        )
    units = _units(scale, names)
    draws.labels, draws.samples = labels / units, draws.samples / units[:, None]
    return draws


def _n_draws(draws: _Draws, estimator: str) -> int:
    n_draws = int(draws.samples.shape[2])
    if estimator == "fair" and n_draws < 2:
        raise ValueError(
            "y_samples holds one draw, of which estimator='fair' cannot tell the "
            "spread. Pass two or more, or estimator='nrg'."
        )
    return n_draws


def _samples(y_samples: Any, truth: Truth) -> np.ndarray:
    """Read draws as an array of shape (n_rows, n_tasks, n_draws)."""
    n_rows, n_tasks = len(truth.table), len(truth.columns)
    if is_frame(y_samples):
        return _samples_of_frame(y_samples, truth)
    try:
        samples = np.asarray(y_samples, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"y_samples holds what is no number: {error}. Score the numeric columns "
            "alone."
        ) from error
    if n_tasks == 1 and samples.ndim == 2:
        samples = samples[:, None]
    shape = (n_rows, n_tasks, "n_draws")
    if samples.shape[:2] != shape[:2] or samples.ndim != 3 or not samples.shape[2]:
        raise ValueError(
            f"y_samples has the shape {samples.shape}, expected "
            f"({n_rows}, {n_tasks}, n_draws): draws of the rows and columns of y_true."
        )
    return samples


def _samples_of_frame(y_samples: Any, truth: Truth) -> np.ndarray:
    """Read a frame of draws, all rows of the first, then all of the second."""
    names = truth.table.names
    table = TargetTable(y_samples)
    columns = [c for c in table.columns if c.name in names or c.name != DRAW]
    found = [column.name for column in columns]
    if found != names:
        raise ValueError(
            f"y_samples has the columns {found}, but y_true has {names}. Pass draws of "
            f"the same columns, in the same order: y_samples[{names}]."
        )
    n_rows = len(truth.table)
    if not n_rows or len(table) % n_rows or not len(table):
        raise ValueError(
            f"y_samples has {len(table)} rows, which is no multiple of the {n_rows} of "
            "y_true. Pass all rows of each draw, as sample_y returns them."
        )
    numbers = [numbers_of(c.name, c, "y_samples") for c in columns]
    return np.stack([cells.reshape(-1, n_rows).T for cells in numbers], axis=1)


DRAW = "draw"
"""Column of a frame of draws that numbers them, where frames have no index."""


def _units(scale: Any, names: list[Hashable]) -> np.ndarray:
    units = np.ones(len(names))
    for t, unit in enumerate(per_column(scale, names, "scale")):
        if unit is None:
            continue
        if not isinstance(unit, int | float | np.number) or not 0 < unit < np.inf:
            raise ValueError(
                f"scale says {unit!r} for column {names[t]!r}. Pass a finite number "
                "above 0, such as the standard deviation of its labels."
            )
        units[t] = unit
    return units
