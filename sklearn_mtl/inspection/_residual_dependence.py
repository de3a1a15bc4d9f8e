"""Which columns move together beyond what X explains."""

from __future__ import annotations

from typing import Any

from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted

from sklearn_mtl.estimators import held_out_labels


def residual_dependence(estimator: Any) -> Bunch:
    """Tell which columns of y move together beyond what X explains.

    Labels of rows that members held out are compared with what had been predicted of
    them. A correlation of 0.8 between two grades says that a pupil whose first grade
    is better than X lets expect has a better second one as well. It is what
    `sample_y` draws by, and what ``predict(X, y_known=...)`` learns from known labels.

    Parameters
    ----------
    estimator : fitted MultiTaskNetEstimator or a sibling
        Its members have held rows out.

    Returns
    -------
    Bunch
        With these attributes:

        - task_names : list of length n_tasks
        - correlation : ndarray of shape (n_tasks, n_tasks), between -1 and 1, of latent
          normal scores, shrunk by its standard error; where fewer than 20 held-out rows
          show both labels it is 0, unless other columns demand more. Of a column of
          three classes or more without an order, it is the strength of the dependence,
          without a sign (the largest canonical correlation of its scores)
        - is_signed : bool ndarray of shape (n_tasks, n_tasks)
        - n_rows : int ndarray of shape (n_tasks, n_tasks), held-out rows that show both

    Raises
    ------
    TypeError
        `estimator` is no multi-task network.
    ValueError
        It held out no rows.

    See Also
    --------
    task_affinity : What columns do for each other while one network learns them.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.datasets import load_student_performance
    >>> from sklearn_mtl.inspection import residual_dependence
    >>> X, y = load_student_performance(return_X_y=True, as_frame=True)
    >>> net = MultiTaskNetEstimator(max_iter=5, random_state=0).fit(
    ...     X, y[["G1", "G2", "romantic"]]
    ... )
    >>> found = residual_dependence(net)
    >>> bool(found.correlation[0, 1] > 0.6), bool(abs(found.correlation[0, 2]) < 0.3)
    (True, True)
    """
    if not hasattr(estimator, "sample_y"):
        raise TypeError(
            f"estimator is a {type(estimator).__name__}. Pass a fitted "
            "MultiTaskNetEstimator, MultiTaskNetRegressor or MultiTaskNetClassifier, "
            "such as the last step of a Pipeline."
        )
    check_is_fitted(estimator)
    copula = held_out_labels(estimator, "residual_dependence").copula
    correlation, is_signed, n_rows = copula.between_columns()
    return Bunch(
        task_names=[task.name_ for task in estimator.tasks_],
        correlation=correlation,
        is_signed=is_signed,
        n_rows=n_rows,
    )
