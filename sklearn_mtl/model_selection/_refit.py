"""Which candidate of a search is best, where some folds cannot be scored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np


class RefitByScoredFolds:
    """Choose a candidate of a search by the folds whose score is known.

    A fold without a label of a column has no score of it (NaN), and scikit-learn then
    takes the mean over all folds as NaN, for every candidate. This is for ``refit`` of
    `GridSearchCV` and `RandomizedSearchCV`.

    Parameters
    ----------
    score : str, default="score"
        Name of a score, as in ``refit``: a column's name with `task_scorers`, "score"
        with a single scorer.

    See Also
    --------
    StackedGridSearchCV : A search that takes it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import GridSearchCV, KFold
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.metrics import task_scorers
    >>> from sklearn_mtl.model_selection import RefitByScoredFolds
    >>> X = np.arange(30.0)[:, None]
    >>> y = np.column_stack([X, X])
    >>> y[:10, 1] = np.nan  # the first fold holds no label of the second column
    >>> search = GridSearchCV(
    ...     MultiTaskNetRegressor(max_iter=2, random_state=0),
    ...     {"learning_rate_init": [1e-3, 1e-2]},
    ...     scoring=task_scorers("mae", tasks=[0, 1]),
    ...     refit=RefitByScoredFolds("1"),
    ...     cv=KFold(3),
    ... )
    >>> import warnings
    >>> with warnings.catch_warnings(action="ignore"):
    ...     search = search.fit(X, y)
    >>> search.cv_results_["mean_test_1"]
    array([nan, nan])
    >>> search.best_estimator_.predict(X).shape
    (30, 2)
    """

    def __init__(self, score: str = "score") -> None:
        self.score = score

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.score!r})"

    def __call__(self, cv_results: Mapping[str, Any]) -> int:
        """Position of the candidate with the largest mean over the scored folds.

        Parameters
        ----------
        cv_results : dict
            ``cv_results_`` of a search.

        Raises
        ------
        ValueError
            There is no such score, or no fold in which all candidates have one.
        """
        self._check(cv_results)
        wanted = re.compile(rf"split\d+_test_{re.escape(self.score)}")
        of_folds = [
            values for name, values in cv_results.items() if wanted.fullmatch(name)
        ]
        if not of_folds:
            known = sorted(
                name.removeprefix("split0_test_")
                for name in cv_results
                if name.startswith("split0_test_")
            )
            raise ValueError(f"score={self.score!r} is none of {known}. Pass one.")
        scores = np.array(of_folds, dtype=np.float64)
        scored = ~np.isnan(scores).any(axis=1)
        if not scored.any():
            raise ValueError(
                f"No fold has the score {self.score!r} of all candidates. Use folds "
                "that hold labels of each column, as MultiTaskStratifiedKFold makes."
            )
        return int(scores[scored].mean(axis=0).argmax())

    def _check(self, cv_results: Any) -> None:
        if not isinstance(self.score, str):
            raise TypeError(
                f"score={self.score!r}: pass the name of a score, such as that of a "
                "column with task_scorers, as a string."
            )
        if not isinstance(cv_results, Mapping):
            raise TypeError(
                f"cv_results={cv_results!r}: pass the cv_results_ of a search, or this "
                "object as refit of one."
            )
