"""Scores of each column of y, and scorers for model selection.

Labels that are missing, and labels of weight 0, are skipped.
"""

from sklearn_mtl.metrics._scorers import make_task_scorer, task_scorers
from sklearn_mtl.metrics._scores import average_rrmse, skill_score, task_scores

__all__ = [
    "average_rrmse",
    "make_task_scorer",
    "skill_score",
    "task_scorers",
    "task_scores",
]
