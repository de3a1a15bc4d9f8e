"""Scores of each column of y, and scorers for model selection.

Labels that are missing, and labels of weight 0, are skipped. What ``__all__`` does not
name serves other rooms: `score` of the estimators goes through `column_score`.
"""

from sklearn_mtl.metrics._asked_columns import positions_of as positions_of
from sklearn_mtl.metrics._estimator_score import column_score as column_score
from sklearn_mtl.metrics._estimator_score import mean_of_known as mean_of_known
from sklearn_mtl.metrics._joint_coverage import joint_coverage_score
from sklearn_mtl.metrics._matches import exact_match_score, hamming_score
from sklearn_mtl.metrics._outcome import Outcome as Outcome
from sklearn_mtl.metrics._outcome import column_of as column_of
from sklearn_mtl.metrics._predicted import Truth as Truth
from sklearn_mtl.metrics._predicted import roles_of as roles_of
from sklearn_mtl.metrics._registry import metrics_of as metrics_of
from sklearn_mtl.metrics._samples import energy_score, variogram_score
from sklearn_mtl.metrics._scorers import TaskScorer as TaskScorer
from sklearn_mtl.metrics._scorers import TaskScorers as TaskScorers
from sklearn_mtl.metrics._scorers import make_task_scorer, task_scorers
from sklearn_mtl.metrics._scores import average_rrmse, skill_score, task_scores
from sklearn_mtl.metrics._tags import (
    label_ranking_average_precision_score,
    precision_at_k_score,
    row_roc_auc_score,
)

__all__ = [
    "average_rrmse",
    "energy_score",
    "exact_match_score",
    "hamming_score",
    "joint_coverage_score",
    "label_ranking_average_precision_score",
    "make_task_scorer",
    "precision_at_k_score",
    "row_roc_auc_score",
    "skill_score",
    "task_scorers",
    "task_scores",
    "variogram_score",
]
