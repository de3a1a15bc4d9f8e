"""What a column of y means: one small class a kind.

A kind turns labels into codes, says what a prediction costs in units of the prior,
and turns raw outputs of the network into predictions. A kind of your own is one
subclass of `Task`; an instance of it goes into ``task_types``.
"""

from sklearn_mtl.tasks._base import Task
from sklearn_mtl.tasks._bounds import read_bounds
from sklearn_mtl.tasks._censored import (
    Censored,
    censored_log_likelihood,
)
from sklearn_mtl.tasks._class_tree import ClassTree
from sklearn_mtl.tasks._class_weight import warn_of_unknown_classes, weigh_classes
from sklearn_mtl.tasks._classes import Binary, Multiclass, or_say_the_kind
from sklearn_mtl.tasks._column_group import (
    ColumnGroup,
    agreed_draws,
    agreed_responses,
    completed_columns,
    completed_labels,
    groups_of,
    label_limits,
)
from sklearn_mtl.tasks._concordance import concordance
from sklearn_mtl.tasks._distances import (
    distance_to_bounds,
    least_cost_of_a_constant,
)
from sklearn_mtl.tasks._layout import OutputLayout
from sklearn_mtl.tasks._ordinal import Ordinal
from sklearn_mtl.tasks._positive import Count, GammaRegression, NegativeBinomial
from sklearn_mtl.tasks._quantile import Quantile
from sklearn_mtl.tasks._regression import (
    HeteroscedasticRegression,
    HuberRegression,
    LaplaceRegression,
    Regression,
)
from sklearn_mtl.tasks._resolve import KINDS, resolve_tasks
from sklearn_mtl.tasks._said_kinds import per_column, relatives, said_kinds
from sklearn_mtl.tasks._scores import r2
from sklearn_mtl.tasks._simplex import Simplex
from sklearn_mtl.tasks._survival import Survival
from sklearn_mtl.tasks._weights import telling_labels, weight_of_loss

__all__ = [
    "KINDS",
    "Binary",
    "Censored",
    "ClassTree",
    "ColumnGroup",
    "Count",
    "GammaRegression",
    "HeteroscedasticRegression",
    "HuberRegression",
    "LaplaceRegression",
    "Multiclass",
    "NegativeBinomial",
    "Ordinal",
    "OutputLayout",
    "Quantile",
    "Regression",
    "Simplex",
    "Survival",
    "Task",
    "agreed_draws",
    "agreed_responses",
    "censored_log_likelihood",
    "completed_columns",
    "completed_labels",
    "concordance",
    "distance_to_bounds",
    "groups_of",
    "label_limits",
    "least_cost_of_a_constant",
    "or_say_the_kind",
    "per_column",
    "r2",
    "read_bounds",
    "relatives",
    "resolve_tasks",
    "said_kinds",
    "telling_labels",
    "warn_of_unknown_classes",
    "weigh_classes",
    "weight_of_loss",
]
