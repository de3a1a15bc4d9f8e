"""What the docstrings of stacked searches say alike."""

from __future__ import annotations

from inspect import cleandoc
from typing import TypeVar

Class = TypeVar("Class", bound=type)

SHARED = {
    "estimator": """
estimator : MultiTaskNetEstimator or a sibling, or a Pipeline that ends in one
    Others are searched as scikit-learn does.
""",
    "grid": """
param_grid : dict or list of dict
    Names of parameters, and lists of values that are tried in all combinations.
""",
    "distributions": """
param_distributions : dict or list of dict
    Names of parameters, and lists or distributions (with ``rvs``) to draw from.
""",
    "search": """
scoring : str, callable, list, tuple or dict, default=None
    One metric or several, as in `GridSearchCV`; ``estimator.score`` by default.
n_jobs : int, default=None
    Processes among which stacks are shared, as in joblib.
refit : bool, str or callable, default=True
    Whether the best candidate is fitted to all rows, as the estimator says; of several
    metrics, which one tells. Or a function that finds the best in ``cv_results_``.
cv : int, splitter or iterable of (train, test), default=None
    Splits on whose test rows candidates are scored; 5 of them if None.
verbose : int, default=0
    1 prints the plan, the size of stacks, and the seconds left; more, each fit.
pre_dispatch : int or str, default="2*n_jobs"
    Jobs that are handed to workers ahead.
""",
    "results": """
error_score : "raise" or number, default=nan
    Score of a candidate that cannot be fitted.
return_train_score : bool, default=False
    Whether rows that were trained on are scored too.
time_limit : float, default=None
    Seconds for all candidates, without the refit. Stacks share what is left, and train
    for an epoch at least: what time breaks off is scored by what it had learned. Fits
    by themselves that have not begun get `error_score`.
""",
    "halving": """
factor : float, default=3
    Share of candidates, one in so many, that each iteration keeps; by which the
    resource grows.
resource : str, default="n_samples"
    What grows: rows, or a parameter such as "max_iter".
max_resources : int or "auto", default="auto"
    Most of it that a candidate gets; "auto" for all rows.
min_resources : int or {"exhaust", "smallest"}, default="exhaust"
    What a candidate gets in the first iteration.
aggressive_elimination : bool, default=False
    Whether the first iterations are repeated until few enough candidates are left.
cv : int or splitter, default=5
    Splits on whose test rows candidates are scored; the same in each iteration.
scoring : str, callable or None, default=None
    One metric; ``estimator.score`` by default.
refit : bool or callable, default=True
    Whether the best candidate is fitted to all rows, as the estimator says.
error_score : "raise" or number, default=nan
    Score of a candidate that cannot be fitted.
return_train_score : bool, default=True
    Whether rows that were trained on are scored too.
random_state : int, RandomState instance or None, default=None
    Draws rows, where these are the resource, and candidates.
n_jobs : int, default=None
    Processes among which stacks are shared, as in joblib.
verbose : int, default=0
    1 prints the plan, the size of stacks, and the seconds left; more, each fit.
time_limit : float, default=None
    Seconds for all candidates of all iterations, without the refit. What time breaks
    off is scored by what it had learned, after an epoch at least.
""",
    "attributes": """
cv_results_ : dict of arrays
    Scores of each candidate and split, as `GridSearchCV` gives them. The time of a fit
    is its share of the stack's.
best_estimator_ : estimator
    Fitted to all rows; not set with ``refit=False``.
best_params_ : dict
best_score_ : float
    Mean score of the best candidate.
best_index_ : int
    Its position in ``cv_results_``.
scorer_ : callable or dict
n_splits_ : int
multimetric_ : bool
    Whether there are several metrics.
refit_time_ : float
    Seconds.
""",
    "notes": """
Candidates whose networks have the same shapes are members of one stack, those of all
splits together; see the guide. Each learns, and stops, as it does alone: encoder, bins
and scales are of the rows that its split trains on, and members stop on rows that they
hold out of these. Three things differ from `GridSearchCV`: ``n_members="auto"`` stands
for two members a candidate and split (a number is taken as it is); no column goes on
alone (``own_nets="never"``), unless the grid asks for it; and candidates of one stack
read the rows of an epoch in one order. The refit is as the estimator says.
""",
}
"""Sections that the docstrings of the searches share."""


def with_sections(search: Class) -> Class:
    """Put the shared sections where a docstring names them."""
    texts = {name: text.strip() for name, text in SHARED.items()}
    search.__doc__ = f"{cleandoc(search.__doc__ or '') % texts}\n"
    return search
