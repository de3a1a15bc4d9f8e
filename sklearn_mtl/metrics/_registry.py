"""Which metrics a kind of column has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

from sklearn import metrics as scores

from sklearn_mtl.metrics import _bounds, _classes, _numbers, _rows, _survival
from sklearn_mtl.metrics._outcome import Outcome
from sklearn_mtl.tasks import Censored, Survival, Task

GIVEN = {"y_true", "y_pred", "y_score", "y_proba", "labels", "sample_weight"}
"""Arguments of scikit-learn's metrics that a column gives by itself."""


@dataclass(frozen=True)
class Metric:
    """One number about one column.

    Parameters
    ----------
    name : str
    function : callable of Outcome
    is_loss : bool
        Whether smaller is better.
    reads_response : bool
        Whether predictions do not suffice: probabilities or quantiles are read.
    takes : callable or None
        Function of scikit-learn that further arguments are handed on to.
    """

    name: str
    function: Callable[..., float]
    is_loss: bool = False
    reads_response: bool = False
    takes: Callable[..., float] | None = None

    @property
    def arguments(self) -> set[str]:
        """Names of the arguments beside labels, predictions and weights."""
        known = set(signature(self.function).parameters) - {"outcome", "kwargs"}
        if self.takes is not None:
            known |= set(signature(self.takes).parameters) - GIVEN
        return known

    def of(self, outcome: Outcome, **kwargs: object) -> float:
        """Compute; NaN where there is nothing to compare."""
        if not outcome.scorable:
            return float("nan")
        try:
            return self.function(outcome, **kwargs)
        except Exception as error:
            error.add_note(f"In the metric of column {outcome.name!r}.")
            raise


@dataclass(frozen=True)
class RowMetric:
    """One number about several columns, which are compared row by row.

    Parameters
    ----------
    name : str
    function : callable of a list of Outcome
        Greater is better.
    applies : callable of Task
        Whether a column takes part.
    needs : str
        What such a column is, in words.
    reads_response : bool
        Whether predictions do not suffice: probabilities are read.
    """

    name: str
    function: Callable[..., float]
    applies: Callable[[Task], bool]
    needs: str
    reads_response: bool = False

    @property
    def arguments(self) -> set[str]:
        """Names of the arguments beside labels, predictions and weights."""
        return set(signature(self.function).parameters) - {"outcomes"}

    def of(self, outcomes: Sequence[Outcome], **kwargs: object) -> float:
        """Compute; NaN where there is nothing to compare."""
        return self.function(outcomes, **kwargs)


def _score_of_kind(outcome: Outcome) -> float:
    labels, predictions = outcome.decoded()
    return float(outcome.task.score(labels, predictions, outcome.weight))


SCORE = Metric("score", _score_of_kind)
"""What estimators average in `score`; every kind has it."""

ERRORS = (
    Metric("r2", _numbers.r2, takes=scores.r2_score),
    Metric(
        "mae",
        _numbers.mean_absolute_error,
        is_loss=True,
        takes=scores.mean_absolute_error,
    ),
    Metric(
        "rmse",
        _numbers.root_mean_squared_error,
        is_loss=True,
        takes=scores.root_mean_squared_error,
    ),
    Metric("rrmse", _numbers.relative_root_mean_squared_error, is_loss=True),
)
NUMBERS = (Metric("skill", _numbers.number_skill), *ERRORS)
COUNTS = (
    Metric("skill", _numbers.poisson_skill),
    *ERRORS,
    Metric("poisson_deviance", _numbers.poisson_deviance, is_loss=True),
)
QUANTILES = (
    Metric("skill", _numbers.pinball_skill, reads_response=True),
    *ERRORS,
    Metric("pinball", _numbers.pinball_loss, is_loss=True, reads_response=True),
)
BOUNDS = (
    Metric("skill", _bounds.skill),
    Metric("r2", _bounds.r2),
    Metric("mae", _bounds.mean_absolute_error, is_loss=True),
    Metric("rmse", _bounds.root_mean_squared_error, is_loss=True),
    Metric("rrmse", _bounds.relative_root_mean_squared_error, is_loss=True),
    Metric("concordance", _bounds.concordance),
    Metric("log_likelihood", _bounds.log_likelihood, reads_response=True),
)
TIMES = (
    Metric("skill", _survival.skill, reads_response=True),
    Metric("concordance", _bounds.concordance),
    Metric(
        "integrated_brier",
        _survival.integrated_brier_score,
        is_loss=True,
        reads_response=True,
    ),
)
CLASSES = (
    Metric("skill", _classes.class_skill, reads_response=True),
    Metric("accuracy", _classes.accuracy, takes=scores.accuracy_score),
    Metric("balanced_accuracy", _classes.balanced_accuracy),
    Metric("f1", _classes.f1, takes=scores.f1_score),
    Metric("mcc", _classes.matthews_correlation),
    Metric(
        "roc_auc", _classes.roc_auc, reads_response=True, takes=scores.roc_auc_score
    ),
    Metric(
        "average_precision",
        _classes.average_precision,
        reads_response=True,
        takes=scores.average_precision_score,
    ),
    Metric("log_loss", _classes.log_loss, is_loss=True, reads_response=True),
    Metric(
        "brier",
        _classes.brier_score,
        is_loss=True,
        reads_response=True,
        takes=scores.brier_score_loss,
    ),
    Metric(
        "calibration_error",
        _classes.calibration_error,
        is_loss=True,
        reads_response=True,
    ),
)
ORDERED = (
    *CLASSES,
    Metric("spearman", _classes.spearman),
    Metric("quadratic_kappa", _classes.quadratic_kappa),
    Metric("rank_mae", _classes.rank_mean_absolute_error, is_loss=True),
)

OF_KIND = {
    "count": COUNTS,
    "quantile": QUANTILES,
    "censored": BOUNDS,
    "survival": TIMES,
    "ordinal": ORDERED,
}
"""Kinds whose metrics are not those of all numbers, or of all classes."""

ALIASES = {
    "mean_absolute_error": "mae",
    "root_mean_squared_error": "rmse",
    "mean_poisson_deviance": "poisson_deviance",
    "mean_pinball_loss": "pinball",
    "brier_score": "brier",
    "integrated_brier_score": "integrated_brier",
    "matthews_corrcoef": "mcc",
}
"""Other names that scikit-learn uses."""

TAGS = "columns of two classes"
OF_ROWS = {
    metric.name: metric
    for metric in (
        RowMetric("exact_match", _rows.exact_match, _rows.is_class_column, "classes"),
        RowMetric("hamming", _rows.hamming, _rows.is_class_column, "classes"),
        RowMetric("row_roc_auc", _rows.row_roc_auc, _rows.is_tag, TAGS, True),
        RowMetric(
            "label_ranking_average_precision",
            _rows.label_ranking_average_precision,
            _rows.is_tag,
            TAGS,
            True,
        ),
        RowMetric("precision_at_k", _rows.precision_at_k, _rows.is_tag, TAGS, True),
    )
}
"""Metrics of whole rows."""

EVERYWHERE = (NUMBERS, COUNTS, QUANTILES, BOUNDS, TIMES, CLASSES, ORDERED, (SCORE,))

ALL = {metric.name: metric for metrics in EVERYWHERE for metric in metrics}


def metrics_of(task: Task) -> tuple[Metric, ...]:
    """Metrics of the task's kind, skill being the first.

    A kind that is not listed has those of the kind that it derives from, else those of
    all classes or of all numbers; and "score", if it says what that is.
    """
    kinds = (vars(cls).get("kind") for cls in type(task).__mro__)
    default = CLASSES if task.is_classifier else NUMBERS
    metrics = next((OF_KIND[kind] for kind in kinds if kind in OF_KIND), default)
    # Elsewhere it is "r2" or "accuracy".
    is_listed = type(task).score in (Task.score, Censored.score, Survival.score)
    return metrics if is_listed else (*metrics, SCORE)


def metric_of(task: Task, name: str) -> Metric | None:
    """Metric of that name, None where the task's kind has none."""
    known = {metric.name: metric for metric in (*metrics_of(task), SCORE)}
    return known.get(name)


def canonical_name(name: str) -> str:
    """Resolve scikit-learn's own names of a scorer, or raise an error."""
    plain = name.removeprefix("neg_")
    plain = ALIASES.get(plain, plain)
    if name in OF_ROWS:
        return name
    if plain not in ALL or (name.startswith("neg_") and not ALL[plain].is_loss):
        raise ValueError(
            f"metric={name!r} is not known. Known names are "
            f"{', '.join(map(repr, sorted([*ALL, *OF_ROWS])))}; any other "
            "metric is passed as a function (y_true, y_pred, sample_weight=...) -> "
            "float."
        )
    return plain


def check_arguments(metric: Any, arguments: dict[str, Any]) -> None:
    """Raise for an argument that a metric, by name or a function, does not take."""
    if callable(metric):
        try:
            parameters = signature(metric).parameters
        except (TypeError, ValueError):  # written in C: found out when it is called
            return
        if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            return
        known = set(list(parameters)[2:]) - GIVEN
    elif metric in OF_ROWS:
        known = OF_ROWS[metric].arguments
    else:
        of_kinds = (m for metrics in EVERYWHERE for m in metrics if m.name == metric)
        known = set().union(*(m.arguments for m in of_kinds))
    for name in arguments:
        if name not in known:
            named = getattr(metric, "__name__", metric)
            takes = f"takes {', '.join(sorted(known))}" if known else "takes none"
            hint = " Columns are chosen by tasks." if name == "task" else ""
            raise TypeError(
                f"{name}={arguments[name]!r} is no argument of metric={named!r}, which "
                f"{takes}.{hint}"
            )
