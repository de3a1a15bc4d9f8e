"""Scorers for model selection: one number, or one a column."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from numbers import Real
from typing import Any

from sklearn.utils.metadata_routing import MetadataRequest, get_routing_for_object

from sklearn_mtl.metrics._asked_columns import positions_of
from sklearn_mtl.metrics._averages import average_over, checked_average
from sklearn_mtl.metrics._outcome import Outcome
from sklearn_mtl.metrics._predicted import Predictor, Truth
from sklearn_mtl.metrics._registry import (
    OF_ROWS,
    Metric,
    RowMetric,
    canonical_name,
    check_arguments,
    metric_of,
    metrics_of,
)
from sklearn_mtl.tables import printed_names
from sklearn_mtl.tasks import Task


class ColumnScorer:
    """What scorers share: they score some columns by one metric.

    Parameters
    ----------
    metric : str or callable
    tasks : None, or name, position or list of them
    average : None, "mean", "min" or weights
    parameters : dict
        Arguments of the metric.
    """

    def __init__(
        self, metric: Any, tasks: Any, average: Any, parameters: dict[str, Any]
    ) -> None:
        if isinstance(metric, str):
            metric = canonical_name(metric)
        elif not callable(metric):
            raise TypeError(
                f"metric={metric!r} is neither a name nor a function. Pass a name such "
                "as 'skill', or a function (y_true, y_pred, sample_weight=...) -> "
                "float."
            )
        check_arguments(metric, parameters)
        if _is_of_rows(metric) and average not in (None, "mean"):
            raise ValueError(
                f"average={average!r}, but metric={metric!r} is one number for all "
                "columns. Leave average out, or choose columns by tasks."
            )
        self.metric = metric
        self.tasks = tasks
        self.average = None if average is None else checked_average(average)
        self.parameters = parameters

    def __repr__(self) -> str:
        metric = getattr(self.metric, "__name__", self.metric)
        shown = {"metric": metric, "tasks": self.tasks, "average": self.average}
        shown |= self.parameters
        told = ", ".join(f"{k}={v!r}" for k, v in shown.items() if v is not None)
        return f"{type(self).__name__}({told})"

    def scores(
        self, estimator: Any, X: Any, y: Any, sample_weight: Any
    ) -> tuple[list[Hashable], dict[Hashable, float]]:
        """Score columns.

        Returns
        -------
        names : list
            Columns that were asked for.
        scores : dict
            By name of the column; without those that the metric does not apply to,
            unless they were asked for by name.
        """
        outcomes = self.outcomes(estimator, X, y, sample_weight)
        applies = self._applies([(outcome.name, outcome.task) for outcome in outcomes])
        scores: dict[Hashable, float] = {
            outcome.name: self.score_of(outcome)
            for outcome, scored in zip(outcomes, applies, strict=True)
            if scored
        }
        return [outcome.name for outcome in outcomes], scores

    def outcomes(
        self, estimator: Any, X: Any, y: Any, sample_weight: Any
    ) -> list[Outcome]:
        """Compare labels and predictions of the columns that were asked for."""
        truth = Truth(y, sample_weight, source="y")
        predictor = Predictor(estimator, truth)
        return predictor.outcomes(X, positions_of(self.tasks, predictor.names))

    def columns_of(self, tasks: Sequence[Task]) -> list[int]:
        """Positions of the columns, given by their fitted tasks, that are scored."""
        self.refuse_rows("and each column is scored by itself here")
        names = [task.name_ for task in tasks]
        asked = positions_of(self.tasks, names)
        applies = self._applies([(names[t], tasks[t]) for t in asked])
        return [t for t, scored in zip(asked, applies, strict=True) if scored]

    def refuse_rows(self, why: str) -> None:
        """Raise if the metric is one of whole rows."""
        if _is_of_rows(self.metric):
            raise ValueError(
                f"metric={self.metric!r} compares the columns of each row with each "
                f"other, {why}. Pass a metric of columns, such as 'accuracy'."
            )

    def score_of(self, outcome: Outcome) -> float:
        """Score a column to which the metric applies; greater is better."""
        metric = self._metric_of(outcome.task)
        assert metric is not None
        return self._score(metric, outcome)

    def _applies(self, columns: list[tuple[Hashable, Task]]) -> list[bool]:
        """Tell to which columns the metric applies; raise where it should and doesn't.

        Those that were asked for by name must have it, and one of all must.
        """
        applies = [self._metric_of(task) is not None for _, task in columns]
        if not any(applies) or (self.tasks is not None and not all(applies)):
            raise ValueError(
                _not_applicable(self.metric, *columns[applies.index(False)])
            )
        return applies

    def _metric_of(self, task: Task) -> Metric | None:
        if callable(self.metric):
            return Metric("", _OfLabels(self.metric))
        return metric_of(task, self.metric)

    def _score(self, metric: Metric, outcome: Outcome) -> float:
        _check_response(metric, outcome)
        score = metric.of(outcome, **self.parameters)
        return -score if metric.is_loss else score

    # -- metadata routing ----------------------------------------------------------

    def set_score_request(self, *, sample_weight: bool | str | None) -> ColumnScorer:
        """Say whether ``sample_weight`` is requested, where metadata is routed."""
        self._request = MetadataRequest(owner=self)
        self._request.score.add_request(param="sample_weight", alias=sample_weight)
        return self

    def get_metadata_routing(self) -> MetadataRequest:
        """Tell scikit-learn what is requested."""
        if hasattr(self, "_request"):
            return get_routing_for_object(self._request)
        request = MetadataRequest(owner=self)
        request.score.add_request(param="sample_weight", alias=None)
        return request


class TaskScorer(ColumnScorer):
    """Average over columns; what `make_task_scorer` returns."""

    def __call__(
        self, estimator: Any, X: Any, y: Any, sample_weight: Any = None
    ) -> float:
        """Score a fitted estimator; greater is better."""
        if _is_of_rows(self.metric):
            return self._score_of_rows(
                OF_ROWS[self.metric], estimator, X, y, sample_weight
            )
        names, scores = self.scores(estimator, X, y, sample_weight)
        return average_over(self.average, names, scores)

    def _score_of_rows(
        self, metric: RowMetric, estimator: Any, X: Any, y: Any, sample_weight: Any
    ) -> float:
        outcomes = self.outcomes(estimator, X, y, sample_weight)
        applies = [metric.applies(outcome.task) for outcome in outcomes]
        if not any(applies) or (self.tasks is not None and not all(applies)):
            other = outcomes[applies.index(False)]
            raise ValueError(
                f"metric={metric.name!r} is one of {metric.needs}, and column "
                f"{other.name!r} is read as {other.task.kind}. Name columns by tasks "
                "that it applies to, or choose another metric."
            )
        scored = [o for o, applied in zip(outcomes, applies, strict=True) if applied]
        for outcome in scored:
            _check_response(metric, outcome)
        return metric.of(scored, **self.parameters)

    def average_of(self, names: list[Hashable], scores: dict[Hashable, float]) -> float:
        """Average scores by name of the column; NaN where none is known."""
        return average_over(self.average, names, scores)


class TaskScorers(ColumnScorer):
    """One score a column; what `task_scorers` returns."""

    def __call__(
        self, estimator: Any, X: Any, y: Any, sample_weight: Any = None
    ) -> dict[str, float]:
        """Score a fitted estimator; greater is better."""
        names, scores = self.scores(estimator, X, y, sample_weight)
        entries = dict(zip(printed_names(list(scores)), scores.values(), strict=True))
        if self.average is not None:
            if AVERAGE in entries:
                raise ValueError(
                    f"A column of y is called {AVERAGE!r}, which is the entry of the "
                    "average. Rename the column, or leave out average."
                )
            entries[AVERAGE] = average_over(self.average, names, scores)
        return entries


AVERAGE = "average"
"""Entry of `task_scorers` that holds the average over columns."""


class _OfLabels:
    """A user's function of labels and predictions as a function of an outcome."""

    def __init__(self, function: Callable[..., float]) -> None:
        self.function = function

    def __call__(self, outcome: Outcome, **parameters: Any) -> float:
        if outcome.weight is not None:
            parameters = {"sample_weight": outcome.weight, **parameters}
        score: Any = self.function(*outcome.decoded(), **parameters)
        if not isinstance(score, Real):
            named = getattr(self.function, "__name__", self.function)
            raise TypeError(
                f"metric={named!r} returned {score!r} for column {outcome.name!r}. "
                "Pass a function (y_true, y_pred, sample_weight=...) -> float."
            )
        return float(score)


def _is_of_rows(metric: Any) -> bool:
    return isinstance(metric, str) and metric in OF_ROWS


def _check_response(metric: Metric | RowMetric, outcome: Outcome) -> None:
    """Raise where a metric reads probabilities that the estimator does not tell."""
    if metric.reads_response and outcome.scorable and outcome.response is None:
        raise ValueError(
            f"metric={metric.name!r} reads probabilities or quantiles of column "
            f"{outcome.name!r}, which the estimator does not tell. Use one that "
            "has predict_proba, or another metric."
        )


def _not_applicable(metric: str, name: Hashable, task: Task) -> str:
    known = ", ".join(repr(m.name) for m in metrics_of(task))
    return (
        f"metric={metric!r} does not apply to column {name!r}, which is read "
        f"as {task.kind}. Its metrics are {known}. Choose one of them, or "
        "columns that have this one."
    )


# -- public functions ------------------------------------------------------------------


def make_task_scorer(
    metric: Any, tasks: Any = None, average: Any = "mean", **kwargs: Any
) -> TaskScorer:
    """Make a scorer of some columns of y, for model selection.

    Parameters
    ----------
    metric : str or callable
        A name of `task_scores`: "skill", "r2", "mae", "accuracy", "log_loss" ...; or
        "score", which is what `score` of an estimator says of the column; or a number
        about whole rows: "exact_match" and "hamming" of classes, and
        "label_ranking_average_precision", "precision_at_k" (with ``k=5``) and
        "row_roc_auc" of columns of two classes.
        Losses are negated, so that greater is better; scikit-learn's names
        ("neg_log_loss", "neg_mean_absolute_error") say the same. Or a function
        ``(y_true, y_pred, sample_weight=...) -> float`` of the observed labels of one
        column, of which greater is better; it gets ``sample_weight`` where there is
        one.
    tasks : hashable, int or list of them, default=None
        Name or position of the columns to score. If None, all that the metric applies
        to.
    average : {"mean", "min"}, sequence or dict, default="mean"
        How scores of several columns become one: their mean, that of the worst column,
        or a mean with these weights. A sequence has one weight for each of `tasks`, or
        of the columns of y; a dict names columns, and others have the weight 1.
    **kwargs
        Arguments of the metric, such as ``n_bins=10``.

    Returns
    -------
    callable
        A scorer ``(estimator, X, y, sample_weight=None) -> float``. Columns whose score
        is NaN, such as those without a label in a fold, are left out of the average;
        NaN where none remains.

    See Also
    --------
    task_scorers : One score a column.

    Notes
    -----
    The estimator is a multi-task one or a pipeline or search around it; any other of
    scikit-learn works too, its columns being read as its type says. With metadata
    routing, ``set_score_request(sample_weight=True)`` asks for weights.

    Examples
    --------
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.datasets import make_multitask
    >>> from sklearn_mtl.metrics import make_task_scorer
    >>> X, y = make_multitask(
    ...     n_tasks=["regression", "binary"], missing=0.3, random_state=0
    ... )
    >>> net = MultiTaskNetEstimator(max_iter=5, random_state=0)
    >>> cross_val_score(net, X, y, cv=3, scoring=make_task_scorer("skill")).shape
    (3,)
    >>> worst = make_task_scorer("skill", average="min")
    >>> auc = make_task_scorer("roc_auc", tasks=1)
    >>> net = net.fit(X, y)
    >>> worst(net, X, y) < auc(net, X, y)
    True
    """
    return TaskScorer(metric, tasks, average, kwargs)


def task_scorers(
    metric: Any = "skill", tasks: Any = None, *, average: Any = None, **kwargs: Any
) -> TaskScorers:
    """Make a scorer that tells one score a column, for model selection.

    It is one callable that returns a dict, which `cross_validate`,
    `permutation_importance` and searches take as they take a dict of scorers. So
    columns need not be known beforehand, and an estimator predicts once for all.

    Parameters
    ----------
    metric : str or callable, default="skill"
        As in `make_task_scorer`, but no number about whole rows.
    tasks : hashable, int or list of them, default=None
        Name or position of the columns to score. If None, all that the metric applies
        to; name them if that may change from fold to fold.
    average : {"mean", "min"}, sequence or dict, default=None
        Adds the entry "average", as `make_task_scorer` computes it.
    **kwargs
        Arguments of the metric.

    Returns
    -------
    callable
        A scorer ``(estimator, X, y, sample_weight=None) -> dict``. Keys are the names
        of the columns as strings, which ``GridSearchCV(refit="price")`` takes; results
        of `cross_validate` are called "test_price".

    See Also
    --------
    make_task_scorer : One score for all columns.

    Examples
    --------
    >>> from sklearn.model_selection import cross_validate
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.datasets import make_multitask
    >>> from sklearn_mtl.metrics import task_scorers
    >>> X, y = make_multitask(n_tasks=["regression", "binary"], random_state=0)
    >>> net = MultiTaskNetEstimator(max_iter=5, random_state=0)
    >>> scoring = task_scorers("skill", average="mean")
    >>> results = cross_validate(net, X, y, cv=3, scoring=scoring)
    >>> [key for key in results if key.startswith("test")]
    ['test_0', 'test_1', 'test_average']
    """
    scorers = TaskScorers(metric, tasks, average, kwargs)
    scorers.refuse_rows("so that there is no score a column")
    return scorers
