"""Early stopping by a metric."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_mtl.estimators._codings import Codings
from sklearn_mtl.estimators._held_out import is_known, labels_of
from sklearn_mtl.estimators._rows import Rows
from sklearn_mtl.metrics import Outcome, TaskScorer, column_of, make_task_scorer
from sklearn_mtl.tasks import Task


def stops_by_loss(estimator: Any) -> bool:
    """Whether members stop by their loss, rather than by a metric."""
    return estimator.scoring is None or (
        isinstance(estimator.scoring, str) and estimator.scoring == "loss"
    )


def scorer_of(estimator: Any, rows_are_held_out: bool) -> TaskScorer | None:
    """Read the parameter `scoring`; None for the loss."""
    scoring = estimator.scoring
    if stops_by_loss(estimator):
        return None
    if isinstance(scoring, str):
        try:
            scoring = make_task_scorer(scoring)
        except ValueError as error:
            raise ValueError(f"scoring={scoring!r} is not known: {error}") from None
    if not isinstance(scoring, TaskScorer):
        raise TypeError(
            f"scoring is {scoring!r}. Pass 'loss', the name of a metric, or what "
            "sklearn_mtl.metrics.make_task_scorer makes of a metric or a function of "
            "labels and predictions."
        )
    if not rows_are_held_out:
        raise ValueError(
            f"scoring={estimator.scoring!r} is computed on rows that members hold out "
            "of training, and none are held out here. Set early_stopping=True or pass "
            "X_val and y_val to fit, or leave scoring at 'loss'."
        )
    return scoring


class HeldOutScorer:
    """Score members on the rows that they hold out.

    Parameters
    ----------
    scorer : TaskScorer
    codings : Codings
    rows : Rows
        Of the table that the rows of members are of.
    reads : list of slice
        Raw outputs that each task reads.
    """

    def __init__(
        self, scorer: TaskScorer, codings: Codings, rows: Rows, reads: list[slice]
    ) -> None:
        tasks, predicted = codings.tasks, codings.predicted
        self.scorer, self.tasks, self.reads = scorer, tasks, reads
        scored = scorer.columns_of(codings.predicted_tasks)
        self.columns = [predicted[p] for p in scored]
        self.names = [tasks[t].name_ for t in self.columns]
        self.labels = labels_of(tasks, rows.columns, rows.scoring_weight)
        weight = rows.scoring_weight
        self.weight = None if (weight[weight > 0] == 1).all() else weight

    def __call__(self, index: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Score columns; greater is better.

        Parameters
        ----------
        index : int ndarray of shape (K, n)
            Rows of the table; -1 where rows were filled up.
        raw : float64 ndarray of shape (K, n, C)

        Returns
        -------
        ndarray of shape (K, T)
            NaN where there is nothing to be scored.
        """
        scores = np.full((len(index), len(self.tasks)), np.nan)
        for t in self.columns:
            task = self.tasks[t]
            response = task.response(raw[..., self.reads[t]])
            predictions = _predictions(task, response)
            for k, rows in enumerate(index):
                known = (rows >= 0) & is_known(self.labels[t][rows])
                # A member that diverged is told of by its losses.
                if known.any() and np.isfinite(response[k, known]).all():
                    scores[k, t] = self.scorer.score_of(
                        self._outcome(
                            t, rows[known], predictions[k], response[k], known
                        )
                    )
        return scores

    def _outcome(
        self,
        t: int,
        rows: np.ndarray,
        predictions: np.ndarray,
        response: np.ndarray,
        known: np.ndarray,
    ) -> Outcome:
        task: Any = self.tasks[t]
        labels = self.labels[t][rows]
        return Outcome(
            name=task.name_,
            task=task,
            labels=labels.astype(np.int64) if task.is_classifier else labels,
            predictions=predictions[known],
            is_predicted=True,
            response=response[known],
            weight=None if self.weight is None else self.weight[rows, t],
            classes=task.classes_.tolist() if task.is_classifier else [],
            rows=rows,
        )

    def average(self, scores: np.ndarray) -> np.ndarray:
        """Average scores (K, T) of columns for each member, (K,)."""
        return np.array(
            [
                self.scorer.average_of(
                    self.names, dict(zip(self.names, row[self.columns], strict=True))
                )
                for row in scores
            ]
        )


def _predictions(task: Task, response: np.ndarray) -> np.ndarray:
    """Numbers or class codes (K, n) that members predict, of responses (K, n, m)."""
    predicted = task.predict(response.reshape(-1, response.shape[-1]))
    if task.is_classifier:
        predicted = task.encode(column_of(task.name_, predicted)).astype(np.int64)
    return predicted.reshape(response.shape[:-1])
