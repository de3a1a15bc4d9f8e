"""What a column of y means: one small class a kind.

A kind turns labels into codes, says what a prediction costs in units of the prior,
and turns raw outputs of the network into predictions. A kind of your own is one
subclass of `Task`; an instance of it goes into ``task_types``.
"""

from sklearn_mtl.tasks._base import Task
from sklearn_mtl.tasks._classes import Binary, Multiclass
from sklearn_mtl.tasks._layout import OutputLayout
from sklearn_mtl.tasks._regression import Regression
from sklearn_mtl.tasks._resolve import KINDS, per_column, resolve_tasks

__all__ = [
    "KINDS",
    "Binary",
    "Multiclass",
    "OutputLayout",
    "Regression",
    "Task",
    "per_column",
    "resolve_tasks",
]
