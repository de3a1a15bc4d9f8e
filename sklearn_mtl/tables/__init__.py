"""Tables in and out: X to features, y to columns of labels, and back.

The only room that knows data frames.
"""

from sklearn_mtl.tables._bins import Bins, learn_bins
from sklearn_mtl.tables._columns import (
    Column,
    is_frame,
    read_columns,
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
from sklearn_mtl.tables._features import FeatureEncoder
from sklearn_mtl.tables._levels import CompactFeatures
from sklearn_mtl.tables._targets import (
    Container,
    TargetTable,
    array_from_rows,
    check_same_columns,
)
from sklearn_mtl.tables._weights import read_weight

__all__ = [
    "Bins",
    "Column",
    "CompactFeatures",
    "Container",
    "DecodedColumns",
    "FeatureEncoder",
    "RowMaker",
    "TargetTable",
    "array_from_rows",
    "check_same_columns",
    "decoded_columns",
    "is_frame",
    "learn_bins",
    "rare_level_cost",
    "read_columns",
    "read_weight",
    "refuse_double_names",
    "take_rows",
    "unseen_rows",
]
