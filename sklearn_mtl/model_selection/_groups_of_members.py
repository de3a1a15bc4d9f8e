"""Groups that split a table for scores, handed on to members, who hold out rows too."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import _safe_indexing
from sklearn.utils.metadata_routing import get_routing_for_object

from sklearn_mtl.model_selection._stacked_jobs import net_of, prefix_of


def groups_of_members(
    estimator: Any, groups: Any, params: Mapping[str, Any]
) -> dict[str, Any]:
    """Give what lets members hold out whole groups, as an argument of `fit`.

    Members that held out other visits of the patients they train on would stop too
    late, and be too sure of themselves: the scores of new patients would pay for it.

    Parameters
    ----------
    estimator : estimator
        Perhaps a net, or a Pipeline that ends in one.
    groups : array-like of shape (n_samples,) or None
    params : mapping
        Other arguments of `fit`.

    Returns
    -------
    dict
        Empty where members hold out no rows, or where it is said which.
    """
    net, prefix = net_of(estimator), prefix_of(estimator)
    said = {f"{prefix}groups", f"{prefix}X_val"}
    if net is None or groups is None or not said.isdisjoint(params):
        return {}
    return {f"{prefix}groups": groups} if _reads_groups(net) else {}


def without_single_group(
    handed: Mapping[str, Any], params: Mapping[str, Any], train: Any
) -> dict[str, Any]:
    """Leave out groups that were handed on where rows are of one: none can be held out.

    Parameters
    ----------
    handed : mapping
        What `groups_of_members` gave.
    params : mapping
        Arguments of `fit`, of all rows.
    train : array-like of int
        Rows that are trained on.
    """
    single = {
        name
        for name, groups in handed.items()
        if len(np.unique(np.asarray(_safe_indexing(groups, train)).astype(str))) < 2
    }
    return {name: value for name, value in params.items() if name not in single}


def _reads_groups(net: Any) -> bool:
    if net.cv is None:
        return bool(net.early_stopping)
    if isinstance(net.cv, Integral):
        return True
    if not hasattr(net.cv, "split"):
        return False
    requests = get_routing_for_object(net.cv).split.requests
    return requests.get("groups") is True
