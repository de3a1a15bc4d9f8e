"""Look into what columns have in common, and what they gain from each other."""

from sklearn_mtl.inspection._affinity import task_affinity
from sklearn_mtl.inspection._auxiliary import suggest_auxiliary
from sklearn_mtl.inspection._auxiliary_report import AuxiliaryReport, Served
from sklearn_mtl.inspection._card import CardTable, ModelCard
from sklearn_mtl.inspection._check_columns import check_columns
from sklearn_mtl.inspection._column_report import ColumnReport, Finding
from sklearn_mtl.inspection._groups import suggest_groups
from sklearn_mtl.inspection._model_card import model_card
from sklearn_mtl.inspection._residual_dependence import residual_dependence
from sklearn_mtl.inspection._sharing import compare_sharing
from sklearn_mtl.inspection._single_task import compare_single_task
from sklearn_mtl.inspection._task_weights import find_task_weights

__all__ = [
    "AuxiliaryReport",
    "CardTable",
    "ColumnReport",
    "Finding",
    "ModelCard",
    "Served",
    "check_columns",
    "compare_sharing",
    "compare_single_task",
    "find_task_weights",
    "model_card",
    "residual_dependence",
    "suggest_auxiliary",
    "suggest_groups",
    "task_affinity",
]
