"""The rows of a fit as its nets read them."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_mtl.estimators._codings import Codings
from sklearn_mtl.estimators._rows import Rows
from sklearn_mtl.tables import take_rows
from sklearn_mtl.training import (
    MemberRows,
    MultiTaskNet,
    TaskTable,
    Unlabelled,
    give_rows,
    make_table,
    make_unlabelled,
    number_format,
)


def encode_rows(
    net: MultiTaskNet,
    codings: Codings,
    rows: Rows,
    validation: Rows | None,
) -> MemberRows:
    """Encode the tables and give each member its rows."""
    return give_rows(
        net,
        unlabelled=_unlabelled(net, codings, rows),
        table=encode_table(net, codings, rows),
        validation_table=None
        if validation is None
        else encode_table(net, codings, validation),
    )


def encode_table(net: MultiTaskNet, codings: Codings, rows: Rows) -> TaskTable:
    """Encode rows, and put them where the net trains."""
    dtype: Any = number_format(net)
    features = codings.encoder.transform_compact(rows.X, dtype=dtype)
    stops = np.cumsum([task.n_codes for task in codings.tasks])
    codes = np.empty((len(rows), stops[-1]), dtype=dtype)
    for task, column, stop in zip(codings.tasks, rows.columns, stops, strict=True):
        of_task = codes[:, stop - task.n_codes : stop]
        of_task[:] = np.reshape(task.encode(column), of_task.shape)
    return make_table(net, features, codes, rows.training_weight)


def _unlabelled(net: MultiTaskNet, codings: Codings, rows: Rows) -> Unlabelled | None:
    """Encode the rows without labels, where the net decodes its input."""
    if rows.decoded is None:
        return None
    X, weight, others = rows.passed_X, rows.decoded.weight, rows.decoded.others
    features = None
    if len(others):
        encoder = codings.encoder
        features = encoder.transform_compact(take_rows(X, others), number_format(net))
    return make_unlabelled(net, features, weight[others], weight[rows.positions])
