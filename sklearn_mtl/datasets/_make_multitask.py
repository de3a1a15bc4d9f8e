"""Made tables whose tasks are as related, and whose labels as rare, as one asks for."""

from numbers import Integral, Real

import numpy as np
from scipy.linalg import solve_triangular
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from sklearn_mtl.datasets._frames import Category, to_frame

_KINDS = ("regression", "binary", "multiclass", "ordinal", "count")

# A private function of which less than this share (in units of its standard deviation)
# is new, given those drawn before it, is noise blown up rather than a function.
_MIN_NEW_SHARE = 0.1


def _check_kinds(n_tasks):
    """Return the kind of each task as a list."""
    if isinstance(n_tasks, Integral):
        return ["regression"] * n_tasks
    kinds = list(n_tasks)
    if not kinds:
        raise ValueError(
            "n_tasks is empty: pass the number of tasks, or one kind a task."
        )
    for j, kind in enumerate(kinds):
        if kind not in _KINDS:
            raise ValueError(
                f"n_tasks[{j}] is {kind!r}, which is no kind of task. "
                f"Use one of {', '.join(map(repr, _KINDS))}."
            )
    return kinds


def _draw_functions(n_functions, n_features, n_factors, rng):
    """Draw smooth random functions that are uncorrelated for standard normal features.

    Each is a sum of `n_factors` cosine waves along random directions w, with random
    phases b and amplitudes a. For x ~ N(0, I) the moments of the waves are known:

        E cos(w.x + b)                 = exp(-|w|²/2) cos(b)
        E 2 cos(w.x + b) cos(v.x + c)  = exp(-|w-v|²/2) cos(b-c)
                                         + exp(-|w+v|²/2) cos(b+c)

    So the functions are centred, scaled and decorrelated exactly, before any row is
    drawn: a Cholesky factor of their covariance does what Gram-Schmidt would.

    Returns
    -------
    callable
        Maps X of shape (n, n_features) to an array of shape (n, n_functions), whose
        columns have mean 0, variance 1 and correlation 0 in the population.
    """
    n_waves = n_functions * n_factors
    w = rng.normal(scale=n_features**-0.5, size=(n_waves, n_features))
    b = rng.uniform(0, 2 * np.pi, size=n_waves)
    # Column i holds the amplitudes of function i: n_factors waves of its own.
    a = np.zeros((n_waves, n_functions))
    a[np.arange(n_waves), np.arange(n_waves) // n_factors] = rng.normal(size=n_waves)

    inner = w @ w.T
    half_norms = np.diag(inner) / 2
    decay = -(half_norms[:, None] + half_norms)
    wave_mean = np.sqrt(2) * np.exp(-half_norms) * np.cos(b)
    wave_covariance = (
        np.exp(decay + inner) * np.cos(b[:, None] - b)
        + np.exp(decay - inner) * np.cos(b[:, None] + b)
        - np.outer(wave_mean, wave_mean)
    )
    covariance = a.T @ wave_covariance @ a
    try:
        cholesky = np.linalg.cholesky(covariance)
        new_share = (np.diag(cholesky) / np.sqrt(np.diag(covariance))).min()
    except np.linalg.LinAlgError:
        new_share = 0.0
    if new_share < _MIN_NEW_SHARE:
        raise ValueError(
            f"{n_functions - 1} unrelated tasks do not fit n_features={n_features}: "
            "smooth functions of so few features resemble each other. Use more "
            "features or fewer tasks."
        )

    def functions(X):
        waves = np.sqrt(2) * np.cos(X @ w.T + b) - wave_mean
        return solve_triangular(cholesky, (waves @ a).T, lower=True).T

    return functions


def _cut(score, n_classes):
    """Return the codes 0..n_classes-1 of the equally filled intervals of `score`."""
    rank = np.argsort(np.argsort(score))
    return rank * n_classes // len(score)


def _to_labels(kind, score, n_classes, rng):
    """Return what a task of that kind shows of its noisy latent score."""
    if kind == "regression":
        return score
    if kind == "binary":
        return _cut(score, 2)
    if kind == "ordinal":
        return _cut(score, n_classes)
    if kind == "multiclass":
        return rng.permutation(n_classes)[_cut(score, n_classes)]
    return rng.poisson(np.exp(1 + score / 2))


def _category(kind, n_classes):
    """Return the labels of a task of that kind, None if they are numbers."""
    if kind == "binary":
        return Category(("no", "yes"))
    if kind == "multiclass":
        return Category(tuple(f"class_{c}" for c in range(n_classes)))
    if kind == "ordinal":
        return Category(tuple(f"level_{c}" for c in range(n_classes)), ordered=True)
    return None


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "n_features": [Interval(Integral, 1, None, closed="left")],
        "n_tasks": [Interval(Integral, 1, None, closed="left"), list, tuple],
        "relatedness": [Interval(Real, 0, 1, closed="both")],
        "n_factors": [Interval(Integral, 1, None, closed="left")],
        "n_classes": [Interval(Integral, 2, None, closed="left")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "missing": [Interval(Real, 0, 1, closed="left")],
        "missing_by": [StrOptions({"label", "row"})],
        "as_frame": ["boolean"],
        "return_scores": ["boolean"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_multitask(
    n_samples=100,
    n_features=20,
    *,
    n_tasks=4,
    relatedness=0.5,
    n_factors=4,
    n_classes=3,
    noise=0.1,
    missing=0.0,
    missing_by="label",
    as_frame=False,
    return_scores=False,
    random_state=None,
):
    """Generate a random multi-task problem.

    Each task sees a latent score, a smooth nonlinear function of the features, of which
    all tasks share a part::

        score = sqrt(relatedness) * shared(X) + sqrt(1 - relatedness) * private(X)

    `shared` and the `private` function of each task are uncorrelated, with mean 0 and
    variance 1, so any two scores correlate with `relatedness`. Then noise is added, and
    the kind of the task tells how the score shows in y.

    Read more in the :ref:`User Guide <datasets>`.

    Parameters
    ----------
    n_samples : int, default=100
        The number of rows.

    n_features : int, default=20
        The number of features, all independent and standard normal.

    n_tasks : int or list of str, default=4
        The number of regression tasks, or the kind of each task:

        - "regression": the score;
        - "binary": 1 for the upper half of the scores, 0 for the lower;
        - "ordinal": the scores cut into `n_classes` intervals of equally many rows;
        - "multiclass": the same, the intervals numbered in random order;
        - "count": a Poisson count whose log mean is 1 + score / 2.

    relatedness : float, default=0.5
        The correlation between the noise-free scores of any two tasks: 0 makes them
        unrelated, 1 makes all tasks show one and the same score.

    n_factors : int, default=4
        The number of directions of the feature space along which `shared`, and each
        `private`, varies. More of them are harder to learn.

    n_classes : int, default=3
        The number of classes of multiclass and ordinal tasks.

    noise : float, default=0.1
        The standard deviation of the normal noise added to the score, which itself has
        standard deviation 1.

    missing : float, default=0.0
        The share of labels to set missing, at least 0 and less than 1.

    missing_by : {"label", "row"}, default="label"
        If "label", each label is missing independently of all others. If "row", that
        share of the rows (rounded) has no label at all.

    as_frame : bool, default=False
        If True, X and y are pandas DataFrames, and the tasks with classes are category
        columns of strings, ordered for ordinal tasks.

    return_scores : bool, default=False
        If True, also return the noise-free scores.

    random_state : int, RandomState instance or None, default=None
        Determines random number generation for dataset creation. Pass an int
        for reproducible output across multiple function calls.

    Returns
    -------
    X : {ndarray, DataFrame} of shape (n_samples, n_features)
        The features.

    y : {ndarray, DataFrame} of shape (n_samples, n_tasks)
        The labels, NaN where missing. In an array, classes are the codes 0, 1, ... as
        float64.

    scores : ndarray of shape (n_samples, n_tasks)
        The noise-free latent scores. Only returned if `return_scores` is True.

    See Also
    --------
    sklearn.datasets.make_regression : Linear targets.
    sklearn.datasets.make_multilabel_classification : Binary targets.

    Notes
    -----
    For one `random_state`, `missing` and `missing_by` change nothing but which labels
    are missing, and a label that is missing stays so as `missing` grows. Nor does X
    depend on anything but `n_samples` and `n_features`.

    Examples
    --------
    >>> from sklearn_mtl.datasets import make_multitask
    >>> X, y = make_multitask(
    ...     n_tasks=["regression", "binary", "multiclass"],
    ...     missing=0.3,
    ...     as_frame=True,
    ...     random_state=0,
    ... )
    >>> X.shape, y.shape
    ((100, 20), (100, 3))
    >>> y.dtypes
    task_0     float64
    task_1    category
    task_2    category
    dtype: object
    >>> y["task_2"].cat.categories.to_list()
    ['class_0', 'class_1', 'class_2']
    """
    kinds = _check_kinds(n_tasks)
    if any(kind in ("multiclass", "ordinal") for kind in kinds):
        needed, source = n_classes, f"n_classes={n_classes}"
    else:
        needed, source = (2 if "binary" in kinds else 1), "a binary task"
    if n_samples < needed:
        raise ValueError(
            f"n_samples={n_samples} rows cannot hold the {needed} classes of {source}: "
            f"use n_samples >= {needed}."
        )

    rng = check_random_state(random_state)
    X = rng.normal(size=(n_samples, n_features))
    functions = _draw_functions(1 + len(kinds), n_features, n_factors, rng)
    shared, private = np.split(functions(X), [1], axis=1)
    scores = np.sqrt(relatedness) * shared + np.sqrt(1 - relatedness) * private
    noisy = scores + noise * rng.normal(size=scores.shape)
    y = np.column_stack(
        [
            _to_labels(kind, score, n_classes, rng)
            for kind, score in zip(kinds, noisy.T, strict=True)
        ]
    ).astype(float)

    if missing_by == "label":
        y[rng.uniform(size=y.shape) < missing] = np.nan
    else:
        y[rng.permutation(n_samples)[: round(missing * n_samples)]] = np.nan

    if as_frame:
        caller = "make_multitask"
        names = [f"task_{j}" for j in range(len(kinds))]
        categories = {
            name: category
            for name, kind in zip(names, kinds, strict=True)
            if (category := _category(kind, n_classes)) is not None
        }
        features = [f"feature_{i}" for i in range(n_features)]
        X = to_frame(X, features, {}, caller=caller)
        y = to_frame(y, names, categories, caller=caller)
    return (X, y, scores) if return_scores else (X, y)
