"""Every metric of every column, and the share of the prior's cost that is removed."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils._param_validation import validate_params

from sklearn_mtl.metrics._estimator_score import mean_of_known
from sklearn_mtl.metrics._outcome import Outcome, numbers_of, with_classes
from sklearn_mtl.metrics._predicted import (
    Predictor,
    Truth,
    outcomes_of_predictions,
    read_response,
    tasks_of,
)
from sklearn_mtl.metrics._registry import metrics_of
from sklearn_mtl.tables import Column, TargetTable


@validate_params({"as_frame": ["boolean"]}, prefer_skip_nested_validation=True)
def task_scores(
    y_true: Any,
    y_pred: Any,
    *,
    X: Any = None,
    y_proba: Any = None,
    task_types: Any = None,
    sample_weight: Any = None,
    as_frame: bool = False,
) -> Any:
    r"""Score every column of y by the metrics of its kind.

    Missing labels and labels of weight 0 are skipped. What cannot be computed is NaN:
    everything where no label is left, what reads probabilities where there are none,
    and what compares classes where the labels hold only one.

    Parameters
    ----------
    y_true : array of shape (n_samples,) or (n_samples, n_tasks), list or data frame
        Labels; any of them may be missing.
    y_pred : as `y_true`, or fitted estimator
        Predictions of the same columns. Or an estimator that makes them from `X`: a
        multi-task one, a pipeline or search around it, or any other of scikit-learn.
    X : data frame, array or CSR matrix, default=None
        Rows to predict, where `y_pred` is an estimator.
    y_proba : list of (array or None), dict, or array, default=None
        Probabilities (n_samples, n_classes) of each class column, as ``predict_proba``
        returns them, or a dict by column; of a column of quantiles, the quantiles
        (n_samples, n_quantiles).
    task_types : as the parameter of the estimators, default=None
        Kinds of the columns, where `y_pred` is no multi-task estimator. The
        ``tasks_`` of one tell the classes, too; without them the classes are those of
        `y_true` and `y_pred` together.
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), default=None
        Weight of each row, or of each label.
    as_frame : bool, default=False
        Whether a pandas frame is returned, with the rows as its rows.

    Returns
    -------
    list of dict, or pandas frame
        One row a column of y. Keys are "name", "kind", "n_labels" (labels counted),
        "skill" (see `skill_score`), and the metrics of the kind, listed below.

    Raises
    ------
    ValueError
        Labels and predictions do not fit each other; the message names the column, the
        value and the remedy.

    See Also
    --------
    make_task_scorer : One of these numbers as a scorer for model selection.
    skill_score : The number that can be compared between kinds.

    Notes
    -----
    With labels :math:`y_i`, predictions :math:`\hat y_i` and weights :math:`w_i`:

    ==================== =============================================================
    numbers
    ==================== =============================================================
    r2                   `sklearn.metrics.r2_score`: where all labels are equal, 1 for
                         predictions that equal them and else 0; NaN for one label
    mae, rmse            mean absolute error, root of the mean squared error
    rrmse                :math:`\sqrt{\sum w_i (y_i - \hat y_i)^2 /
                         \sum w_i (y_i - \bar y)^2}`, :math:`\bar y` being the mean of
                         the labels at hand
    poisson_deviance     counts: `sklearn.metrics.mean_poisson_deviance`; NaN where a
                         prediction is not above 0
    pinball              quantiles: mean over them of
                         `sklearn.metrics.mean_pinball_loss`
    concordance          censored and survival: share of the pairs of labels of a known
                         order that are predicted in it, ties one half (Harrell's C)
    log_likelihood       censored: mean logarithm of the density of numbers and of the
                         probability of bounds, by the predicted mean and deviation;
                         NaN where there are predictions only
    integrated_brier     survival: squared error of the probability of no event up to t,
                         weighted by the inverse probability of being watched and
                         averaged over the cuts of time that the labels span
    ==================== =============================================================

    ==================== =============================================================
    classes
    ==================== =============================================================
    accuracy
    balanced_accuracy    mean recall of the classes that the labels hold
    f1                   of two classes: of the second in ``classes_``; of more: mean
                         over classes
    mcc                  `sklearn.metrics.matthews_corrcoef`
    roc_auc              as f1; of more than two: one versus the rest
    average_precision    as roc_auc
    log_loss             natural logarithm; a probability of 0 counts as the smallest
                         number above it
    brier                `sklearn.metrics.brier_score_loss`: between 0 and 1 for two
                         classes, 0 and 2 for more
    calibration_error    expected calibration error [1]_: 15 bins of equal width of the
                         probability of the most probable class, the weighted mean of
                         the gaps :math:`|\mathrm{accuracy} - \mathrm{confidence}|`
    spearman             ordinal: rank correlation of the labels with the expected
                         rank; with the predictions where there are no probabilities
    quadratic_kappa      ordinal: `sklearn.metrics.cohen_kappa_score` with quadratic
                         weights
    rank_mae             ordinal: mean number of classes between label and prediction
    ==================== =============================================================

    Errors of censored labels are distances to the nearest number that a label allows.

    `score` of an estimator is the mean over columns of "r2" or "accuracy".

    A kind of your own has the metrics of the kind that it derives from, else those of
    all classes or of all numbers; and "score", if it defines one.

    A label that was not seen in fit counts as missed, with a probability of 0 and a
    warning.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern
       Neural Networks", ICML 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl.metrics import task_scores
    >>> y_true = np.array([[1.0, "no"], [2.0, "yes"], [3.0, None]], dtype=object)
    >>> y_pred = np.array([[1.0, "no"], [2.5, "no"], [3.0, "no"]], dtype=object)
    >>> price, sold = task_scores(y_true, y_pred)
    >>> price["kind"], price["n_labels"], price["r2"], round(price["mae"], 3)
    ('regression', 3, 0.875, 0.167)
    >>> sold["kind"], sold["n_labels"], sold["accuracy"]
    ('binary', 2, 0.5)
    """
    truth = Truth(y_true, sample_weight)
    if hasattr(y_pred, "predict"):
        if X is None or y_proba is not None:
            problem = "X is None" if X is None else "y_proba is passed as well"
            raise ValueError(
                f"y_pred is an estimator, {type(y_pred).__name__}, but {problem}. Pass "
                "the rows to predict as X and leave out y_proba, or pass predictions."
            )
        predictor = Predictor(y_pred, truth)
        positions = range(len(predictor.names))
        outcomes = predictor.outcomes(X, positions, task_types)
    else:
        if X is not None:
            raise ValueError(
                "X is passed, but y_pred holds predictions. Pass a fitted estimator as "
                "y_pred, or leave out X."
            )
        outcomes = outcomes_of_predictions(truth, y_pred, y_proba, task_types)
    rows = [_row(outcome) for outcome in outcomes]
    return _framed(rows) if as_frame else rows


def _framed(rows: list[dict[str, Any]]) -> Any:
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "as_frame=True makes a pandas frame, and pandas is not installed: pip "
            "install pandas, or leave as_frame out."
        ) from error
    return pd.DataFrame(rows)


def _row(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.name,
        "kind": outcome.task.kind,
        "n_labels": len(outcome.labels),
        **{metric.name: metric.of(outcome) for metric in metrics_of(outcome.task)},
    }


def skill_score(
    y_true: Any,
    y_pred: Any,
    *,
    task_type: Any = None,
    sample_weight: Any = None,
) -> float:
    r"""Share of the cost of guessing that predictions of one column remove.

    .. math::

        \text{skill} = 1 - \frac{\text{loss}(y, \hat y)}{\text{loss}(y, \text{prior})}

    1 is perfect, 0 is no better than the best constant prediction of the very labels
    that are scored, and below 0 is worse. So columns of different kinds and scales can
    be compared and averaged.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels of one column; missing ones are skipped.
    y_pred : array-like of shape (n_samples,) or (n_samples, m)
        Predicted numbers; of classes, their probabilities (n_samples, n_classes) in
        the order of the sorted classes, or those of the second of two; of a quantile
        task, the quantiles.
    task_type : str or Task, default=None
        Kind of the column; told by the labels if None. An object tells the classes
        where `y_true` does not hold them all.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each label.

    Returns
    -------
    float
        At most 1; NaN where there are no two different labels.

    See Also
    --------
    task_scores : Skill and other metrics of all columns.

    Notes
    -----
    ========= ====================== ================================================
    kind      loss                   best constant
    ========= ====================== ================================================
    numbers   squared error          mean: skill is R2
    count     Poisson deviance       mean: skill is `sklearn.metrics.d2_tweedie_score`
    quantile  pinball loss, summed   quantiles of the labels
              over the quantiles
    censored  squared distance to    the constant of least loss
              what a label allows
    survival  integrated Brier score curve of Kaplan and Meier
    classes   log-loss               shares of the classes: its loss is their entropy
    ========= ====================== ================================================

    Examples
    --------
    >>> from sklearn_mtl.metrics import skill_score
    >>> round(skill_score([1.0, 2.0, 3.0, None], [1.0, 2.5, 3.0, 9.9]), 3)
    0.875
    >>> round(skill_score(["no", "yes", "yes", "no"], [0.1, 0.8, 0.9, 0.2]), 3)
    0.763
    """
    truth = Truth(y_true, sample_weight)
    if len(truth.columns) != 1:
        raise ValueError(
            f"y_true has {len(truth.columns)} columns. Pass one of them, or use "
            "task_scores for all."
        )
    column = truth.columns[0]
    task = tasks_of([column], [column], _only(task_type))[0]
    shares = getattr(task, "quantiles", None)
    if task.is_classifier or shares is not None:
        response = read_response(column.name, task, y_pred)
        if response is None:
            raise ValueError(
                f"y_pred=None for column {column.name!r}, which is read as "
                f"{task.kind}. Pass its probabilities or quantiles."
            )
        if shares is not None:
            predicted = TargetTable(response[:, 0]).columns[0]
            outcome = truth.outcome(0, task, predicted, response)
        else:
            task = with_classes(task, column, None, response)
            outcome = truth.outcome(0, task, None, response)
    else:
        predictions = TargetTable(y_pred).columns
        if len(predictions) != 1:
            raise ValueError(
                f"y_pred has {len(predictions)} columns for column {column.name!r}, "
                f"which is read as {task.kind}. Pass one, or name a kind of classes as "
                "task_type."
            )
        outcome = truth.outcome(0, task, predictions[0], None)
    return metrics_of(task)[0].of(outcome)


def _only(task_type: Any) -> Any:
    return None if task_type is None else [task_type]


def average_rrmse(y_true: Any, y_pred: Any, *, y_train: Any = None) -> float:
    r"""Mean over columns of the relative root mean squared error (aRRMSE).

    .. math::

        \text{aRRMSE} = \frac 1 T \sum_{t=1}^T
        \sqrt{\frac{\sum_i (y_{it} - \hat y_{it})^2}{\sum_i (y_{it} - \bar y_t)^2}}

    Sums run over the labels of `y_true` that are observed. 0 is perfect, 1 is what
    predicting the mean scores.

    Parameters
    ----------
    y_true : array of shape (n_samples,) or (n_samples, n_tasks), list or data frame
        Numbers; missing ones are skipped.
    y_pred : as `y_true`
        Predicted numbers.
    y_train : as `y_true`, default=None
        Labels of the training rows, whose means are the :math:`\bar y_t`: the
        definition of the multi-target literature and of Mulan [1]_. If None, the means
        are those of `y_true`, which makes the number a little larger.

    Returns
    -------
    float
        Columns without a label, or of constant labels, are left out; NaN where none
        remains.

    References
    ----------
    .. [1] E. Spyromitros-Xioufis, G. Tsoumakas, W. Groves, I. Vlahavas, "Multi-target
       regression via input space expansion: treating targets as inputs", Machine
       Learning 104, 2016, pp. 55-98.

    Examples
    --------
    >>> from sklearn_mtl.metrics import average_rrmse
    >>> y_true = [[1.0, 10.0], [2.0, None], [3.0, 20.0]]
    >>> y_pred = [[1.0, 10.0], [3.0, 15.0], [3.0, 20.0]]
    >>> round(average_rrmse(y_true, y_pred), 3)
    0.354
    >>> round(average_rrmse(y_true, y_pred, y_train=[[0.0, 0.0], [2.0, 2.0]]), 3)
    0.224
    """
    truth, predicted = Truth(y_true, None), TargetTable(y_pred)
    train = truth.table if y_train is None else TargetTable(y_train)
    truth.check_same_columns(predicted, "y_pred")
    truth.check_same_columns(train, "y_train")
    values = [
        _rrmse(*columns)
        for columns in zip(truth.columns, predicted.columns, train.columns, strict=True)
    ]
    return mean_of_known(values)


def _rrmse(true: Column, predicted: Column, train: Column) -> float:
    labels = numbers_of(true.name, true, "y_true")
    predictions = numbers_of(true.name, predicted, "y_pred")
    observed = ~np.isnan(labels)
    if len(labels) != len(predictions):
        raise ValueError(
            f"y_true has {len(labels)} rows, but y_pred has {len(predictions)}. Pass "
            "one prediction for each row of y_true."
        )
    unpredicted = np.flatnonzero(observed & np.isnan(predictions))
    if len(unpredicted):
        raise ValueError(
            f"Column {true.name!r} has no prediction in row {unpredicted[0]}, where "
            f"y_true holds {labels[unpredicted[0]]:g}. Predict every row that has a "
            "label, or make the label missing."
        )
    known = numbers_of(true.name, train, "y_train")
    known = known[~np.isnan(known)]
    if not observed.any() or not len(known):
        return float("nan")
    labels, predictions = labels[observed], predictions[observed]
    worst = ((labels - known.mean()) ** 2).sum()
    if not worst > 0:
        return float("nan")
    return float(np.sqrt(((labels - predictions) ** 2).sum() / worst))
