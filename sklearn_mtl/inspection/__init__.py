"""Look into what columns have in common, and what they gain from each other."""

from sklearn_mtl.inspection._affinity import task_affinity
from sklearn_mtl.inspection._groups import suggest_groups
from sklearn_mtl.inspection._single_task import compare_single_task

__all__ = ["compare_single_task", "suggest_groups", "task_affinity"]
