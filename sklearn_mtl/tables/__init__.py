"""Tables in and out: X to features, y to columns of labels, and back.

The only room that knows data frames.
"""

from sklearn_mtl.tables._below import pick_rows, stack_rows
from sklearn_mtl.tables._bins import Bins, learn_bins
from sklearn_mtl.tables._bounds import (
    are_bounds,
    bounds_of,
    doubts_of_labels,
    may_be_bounds,
    warn_of_labels,
)
from sklearn_mtl.tables._columns import (
    Column,
    is_frame,
    is_missing,
    refuse_double_names,
)
from sklearn_mtl.tables._containers import take_rows
from sklearn_mtl.tables._decoded import (
    DecodedColumns,
    RowMaker,
    decoded_columns,
    rare_level_cost,
    unseen_rows,
)
from sklearn_mtl.tables._doubts import doubts_of_strings, warn_of_strings
from sklearn_mtl.tables._draws import rebuild_draws
from sklearn_mtl.tables._extremes import warn_of_extreme_labels
from sklearn_mtl.tables._features import FeatureEncoder
from sklearn_mtl.tables._left_out import refuse_unreadable_rows
from sklearn_mtl.tables._levels import CompactFeatures
from sklearn_mtl.tables._moved import moved_to_y, names_of
from sklearn_mtl.tables._printed_names import printed_names
from sklearn_mtl.tables._roles import Roles, all_but, read_roles
from sklearn_mtl.tables._row_groups import RowGroups, read_groups
from sklearn_mtl.tables._row_hash import hash_of_groups, hash_of_positions
from sklearn_mtl.tables._row_order import warn_of_another_order
from sklearn_mtl.tables._series import read_columns
from sklearn_mtl.tables._shift import first_shifted, varied_since
from sklearn_mtl.tables._stored import PLAIN_TAGS, plain_of, value_of
from sklearn_mtl.tables._targets import (
    Container,
    TargetTable,
    array_from_rows,
    check_same_columns,
    numbers_beside,
    rebuild_beside,
    without_mask,
)
from sklearn_mtl.tables._weights import in_float32, read_weight

__all__ = [
    "PLAIN_TAGS",
    "Bins",
    "Column",
    "CompactFeatures",
    "Container",
    "DecodedColumns",
    "FeatureEncoder",
    "Roles",
    "RowGroups",
    "RowMaker",
    "TargetTable",
    "all_but",
    "are_bounds",
    "array_from_rows",
    "bounds_of",
    "check_same_columns",
    "decoded_columns",
    "doubts_of_labels",
    "doubts_of_strings",
    "first_shifted",
    "hash_of_groups",
    "hash_of_positions",
    "in_float32",
    "is_frame",
    "is_missing",
    "learn_bins",
    "may_be_bounds",
    "moved_to_y",
    "names_of",
    "numbers_beside",
    "pick_rows",
    "plain_of",
    "printed_names",
    "rare_level_cost",
    "read_columns",
    "read_groups",
    "read_roles",
    "read_weight",
    "rebuild_beside",
    "rebuild_draws",
    "refuse_double_names",
    "refuse_unreadable_rows",
    "stack_rows",
    "take_rows",
    "unseen_rows",
    "value_of",
    "varied_since",
    "warn_of_another_order",
    "warn_of_extreme_labels",
    "warn_of_labels",
    "warn_of_strings",
    "without_mask",
]
