"""Pairs (train, test) of rows, as splitters yield them and as users list them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.model_selection import check_cv

from sklearn_mtl.tables import warn_of_another_order


def pairs_of(
    cv: Any, X: Any, y: Any, groups: Any, n_rows: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Split rows as a splitter or a list of pairs says; each has rows in both parts.

    Parameters
    ----------
    cv : splitter, or iterable of (train, test)
    X, y, groups : as the splitter takes them
    n_rows : int

    Returns
    -------
    list of (train, test)
        Positions of rows.
    """
    # Parts of two tables would no longer show that these stand in unlike order.
    warn_of_another_order(X, y, "y")
    warn_of_another_order(X, groups, "groups")
    is_list = isinstance(cv, Iterable) and not hasattr(cv, "split")
    said = "cv" if is_list else f"cv={cv!r}"
    splits = cv if is_list else check_cv(cv).split(X, y, groups)
    pairs = []
    for n, split in enumerate(splits):
        parts = []
        for name, part in zip(("train", "test"), pair_of(split, n, said), strict=True):
            index = rows_of(part, n_rows, f"The {name} part of split {n} of {said}")
            if not len(index):
                raise ValueError(
                    f"Split {n} of {said} has no row in its {name} part. Leave the "
                    "split out, or pass a cv that has rows in both parts of each split."
                )
            parts.append(index)
        pairs.append((parts[0], parts[1]))
    if not pairs:
        raise ValueError(
            f"{said} yields no split. Pass a number of folds, a splitter, or a list "
            "of pairs (train, test)."
        )
    return pairs


def pair_of(split: Any, n: int, said: str) -> tuple[Any, Any]:
    """Take one split apart."""
    try:
        train, test = split
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Split {n} of {said} is no pair (train, test), but {split!r}."
        ) from error
    return train, test


def rows_of(part: Any, n_rows: int, said: str) -> np.ndarray:
    """Positions (m,) of rows, from positions or a mask."""
    index = np.asarray(part)
    if index.dtype.kind == "b" and index.shape == (n_rows,):
        return np.flatnonzero(index)
    if index.ndim != 1 or (len(index) and index.dtype.kind not in "iu"):
        raise ValueError(
            f"{said} is no list of rows: {part!r}. Pass positions, or a mask of "
            f"{n_rows} entries."
        )
    outside = (index < 0) | (index >= n_rows)
    if outside.any():
        raise ValueError(
            f"{said} names row {index[outside][0]}, but there are {n_rows}, counted "
            "from 0. Pass positions of rows, not labels of an index."
        )
    return index.astype(np.intp)
