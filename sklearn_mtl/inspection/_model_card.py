"""A page that says what a fitted estimator is, and how far to trust it."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import Bunch
from sklearn.utils._param_validation import Interval, validate_params
from sklearn.utils.validation import check_is_fitted

from sklearn_mtl.estimators import BaseMultiTaskNet
from sklearn_mtl.inspection._card import Block, CardTable, ModelCard
from sklearn_mtl.inspection._card_facts import (
    changed_parameters,
    columns_of_X,
    columns_of_y,
    doubts,
    teachers_of_columns,
    versions,
)
from sklearn_mtl.inspection._card_scores import (
    RowScore,
    name_of_score,
    scores_by_rows,
)
from sklearn_mtl.metrics import Truth
from sklearn_mtl.tables import TargetTable

OPEN = "To be written by the author of the model."


@validate_params(
    {
        "confidence": [Interval(Real, 0, 1, closed="neither")],
        "n_resamples": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def model_card(
    estimator: Any,
    y: Any = None,
    *,
    X: Any = None,
    sample_weight: Any = None,
    comparison: Any = None,
    confidence: float = 0.95,
    n_resamples: int = 200,
    random_state: Any = 0,
) -> ModelCard:
    """Describe a fitted estimator: its columns, scores, doubts and parameters.

    A model card [1]_ in Markdown and HTML. What only people know, such as the intended
    use, is left open in sections of its own.

    Parameters
    ----------
    estimator : MultiTaskNetEstimator, MultiTaskNetRegressor or MultiTaskNetClassifier
        Fitted.
    y : as in `fit`, default=None
        Labels to score each column by. The y that was passed to `fit` scores what
        members said of rows that they held out (``oof_predictions_``). Estimators do
        not keep labels: without y, the card tells ``oof_score_`` alone.
    X : as in `fit`, default=None
        Rows of `y` that the estimator has not seen; scores are then those of `predict`.
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), default=None
        Weight of each label in the scores.
    comparison : Bunch, default=None
        What `compare_single_task` returned: whether sharing helped each column.
    confidence : float, default=0.95
        Share of the resampled scores that intervals hold.
    n_resamples : int, default=200
        How often the rows of a column are drawn again, with replacement. Rows that
        belong together make intervals too narrow. There is no interval where all draws
        score the same.
    random_state : int, RandomState instance or None, default=0
        Draws these rows.

    Returns
    -------
    ModelCard
        Shown by notebooks; ``str(card)`` is Markdown and ``card.to_html()`` HTML.
        ``card.sections`` may be changed.

    Raises
    ------
    TypeError
        `estimator` is no multi-task network, or `comparison` no comparison.
    ValueError
        `y` has other columns than `fit` saw or another number of rows, or no rows were
        held out in `fit` and `X` is missing.

    See Also
    --------
    ModelCard : What a card holds.

    References
    ----------
    .. [1] M. Mitchell et al., "Model Cards for Model Reporting", FAT* 2019.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import load_energy_efficiency
    >>> from sklearn_mtl.inspection import model_card
    >>> X, y = load_energy_efficiency(return_X_y=True)
    >>> net = MultiTaskNetRegressor(max_iter=5, random_state=0).fit(X, y)
    >>> card = model_card(net, y)
    >>> card.sections["Intended use"] = "Buildings of the twelve shapes of the study."
    >>> print(card)
    # MultiTaskNetRegressor
    <BLANKLINE>
    ## Intended use
    <BLANKLINE>
    Buildings of the twelve shapes of the study.
    ...
    >>> scores = card.sections["Scores"][-1]
    >>> scores.header
    ['column', 'score', 'labels', 'value', 'interval']
    """
    if not isinstance(estimator, BaseMultiTaskNet):
        raise TypeError(
            f"estimator is a {type(estimator).__name__}. Pass a fitted "
            "MultiTaskNetEstimator, MultiTaskNetRegressor or MultiTaskNetClassifier."
        )
    check_is_fitted(estimator)
    scores = truth = None
    if y is not None:
        truth = _labels(estimator, y, sample_weight)
        scores = scores_by_rows(
            estimator.tasks_,
            truth,
            _predictions(estimator, X),
            confidence=confidence,
            n_resamples=n_resamples,
            random_state=random_state,
        )
    elif X is not None:
        raise ValueError("X is passed without y. Pass the labels of its rows as y.")
    how = f"{confidence:.0%} of {n_resamples} draws of rows"
    of_fit = None if truth is None or X is not None else truth.table
    sections: dict[str, list[Block]] = {
        "Intended use": [OPEN],
        "Out of scope": [OPEN],
        "Data": _data(estimator, of_fit),
        "Scores": _scores(estimator, scores, how, fresh=X is not None),
        "Sharing": _sharing(estimator, comparison),
        "Warnings about the data": [
            doubts(estimator) or "Nothing was found in the table of the fit."
        ],
        "Parameters": _parameters(estimator),
        "Versions": [versions()],
    }
    return ModelCard(type(estimator).__name__, sections)


def _labels(estimator: Any, y: Any, sample_weight: Any) -> Truth:
    """Labels of the columns that are predicted."""
    truth = Truth(y, sample_weight, source="y")
    roles = estimator.stack_.codings.roles
    return truth.select(roles.check_predicted(truth.table, name="y"))


def _predictions(estimator: Any, X: Any) -> list[Any]:
    """Predictions of each column for the rows of y."""
    if X is not None:
        return TargetTable(estimator.predict(X)).columns
    if not hasattr(estimator, "oof_predictions_"):
        raise ValueError(
            "y is passed without X, but no rows were held out in fit. Pass X and y of "
            "rows that the estimator has not seen."
        )
    return TargetTable(estimator.oof_predictions_).columns


def _data(estimator: Any, of_fit: TargetTable | None) -> list[Block]:
    encoder = estimator.stack_.codings.encoder
    blocks: list[Block] = [columns_of_X(encoder)]
    if of_fit is None:
        blocks.append(
            "Labels are those that tell something: rare classes count for less."
        )
        return [*blocks, columns_of_y(estimator, None), *_beside(estimator)]
    n_labels = [len(column) - int(column.missing.sum()) for column in of_fit.columns]
    blocks.append(f"{len(of_fit)} rows.")
    return [*blocks, columns_of_y(estimator, n_labels), *_beside(estimator)]


def _beside(estimator: Any) -> list[Block]:
    return [*_auxiliary(estimator), *_teaching(estimator)]


def _teaching(estimator: Any) -> list[Block]:
    """Tell what stood in for missing labels; empty without teachers."""
    teaching = getattr(estimator, "teaching_", None)
    if not teaching:
        return []
    said = (
        "Other models stood in where labels were missing, if their weight is above 0."
    )
    return [said, teachers_of_columns(teaching)]


def _auxiliary(estimator: Any) -> list[Block]:
    """Name the columns that took part in training alone."""
    codings = estimator.stack_.codings
    names = ", ".join(str(codings.names[t]) for t in codings.auxiliary)
    said = f"Learned beside these, and not predicted: {names}."
    return [said] if names else []


def _scores(
    estimator: Any, scores: list[RowScore] | None, how: str, *, fresh: bool
) -> list[Block]:
    blocks: list[Block] = []
    if hasattr(estimator, "oof_score_"):
        blocks.append(
            f"Mean score of all columns on rows that members held out: "
            f"{estimator.oof_score_:.3f}."
        )
    if scores is None:
        return [*blocks, "Pass y to model_card for the scores of each column."]
    rows_are = "rows passed as X" if fresh else "rows that members held out of training"
    rows = [
        [task.name_, name_of_score(task), score.n_labels, *_numbers(score)]
        for task, score in zip(estimator.tasks_, scores, strict=True)
    ]
    blocks.append(
        f"On {rows_are}. Intervals hold {how}, with replacement: they tell what other "
        "rows of the same kind would change, and neither another training nor rows of "
        "another kind. Where rows belong together they are too narrow."
    )
    header = ["column", "score", "labels", "value", "interval"]
    return [*blocks, CardTable(header, rows)]


def _numbers(score: RowScore) -> list[str]:
    known = not np.isnan(score.low)
    return [
        "" if np.isnan(score.value) else f"{score.value:.3f}",
        f"{score.low:.3f} to {score.high:.3f}" if known else "",
    ]


def _sharing(estimator: Any, comparison: Any) -> list[Block]:
    alone = [
        str(task.name_)
        for task, how in zip(estimator.tasks_, estimator.sharing_, strict=True)
        if how == "own"
    ]
    said = f"Went on alone from the shared weights: {', '.join(alone)}."
    blocks: list[Block] = [said if alone else "All columns share one network."]
    if comparison is None:
        return blocks
    if not isinstance(comparison, Bunch) or "verdict" not in comparison:
        raise TypeError(
            f"comparison={comparison!r} is no comparison. Pass what "
            "compare_single_task(estimator, X, y) returns."
        )
    blocks.append("Skill with sharing less skill of one network a column, over folds:")
    rows = [
        [name, f"{gain:+.3f}", f"{low:+.3f} to {high:+.3f}", verdict]
        for name, gain, (low, high), verdict in zip(
            comparison.task_names,
            comparison.difference,
            comparison.interval,
            comparison.verdict,
            strict=True,
        )
    ]
    return [*blocks, CardTable(["column", "difference", "interval", "sharing"], rows)]


def _parameters(estimator: Any) -> list[Block]:
    n_members = estimator.net_.members.number
    said = f"{n_members} members, {estimator.n_iter_} epochs."
    changed = changed_parameters(estimator)
    if not changed.rows:
        return [said, "All parameters are at their defaults."]
    return [said, "Parameters that are not at their defaults:", changed]
