"""What a decoder is to say of encoded features, and the way back to rows of X."""

from __future__ import annotations

from typing import Any, NamedTuple

import narwhals as nw
import numpy as np
from scipy import sparse

from sklearn_mtl.tables._columns import as_frame
from sklearn_mtl.tables._containers import columns
from sklearn_mtl.tables._features import FeatureEncoder
from sklearn_mtl.tables._series import column_from_series
from sklearn_mtl.tables._targets import ArrayContainer, container_of, stack_columns


class DecodedColumns(NamedTuple):
    """Encoded features that a decoder predicts: numbers that vary, and categories.

    Indicators of missing cells and levels that stand for one are not predicted; of a
    date, only how long ago it was.

    Attributes
    ----------
    number : int64 ndarray of shape (a,)
        Positions of the numbers among the encoded features.
    mean, std : float64 ndarray of shape (a,)
        Of their encoded values.
    unit : float64 ndarray of shape (a,)
        Standard deviation in the units of X.
    gap : int64 ndarray of shape (a,)
        Position of the feature that is 1 where the number is missing; -1 for none.
    known : float64 ndarray of shape (a,)
        Share of rows whose cell is there.
    level : int64 ndarray of shape (L,)
        Positions of the levels of all categories among the encoded features.
    category : int64 ndarray of shape (L,)
        Which category each level belongs to, counted from 0.
    share : float64 ndarray of shape (L,)
        How often the level occurs among the cells that are there.
    known_category : float64 ndarray of shape (c,)
    """

    number: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    unit: np.ndarray
    gap: np.ndarray
    known: np.ndarray
    level: np.ndarray
    category: np.ndarray
    share: np.ndarray
    known_category: np.ndarray


def decoded_columns(encoder: FeatureEncoder) -> DecodedColumns:
    """List what a decoder predicts of the features of a fitted encoder."""
    first_of_column = np.isin(np.arange(encoder.n_numeric_), encoder.first_parts())
    number = np.flatnonzero(encoder.varies_ & first_of_column)
    gap = np.full(encoder.n_numeric_, -1)
    first_gap = encoder.n_numeric_
    gap[encoder.with_gaps_] = first_gap + np.arange(len(encoder.with_gaps_))
    start = first_gap + len(encoder.with_gaps_)
    level, category, share = [], [], []
    known: list[float] = []
    for levels in encoder.levels_:
        positions = np.arange(levels.width - (levels.missing_position >= 0))
        if len(positions) > 1:
            level.append(start + positions)
            category.append(np.full(len(positions), len(known)))
            known.append(levels.share[positions].sum())
            share.append(levels.share[positions] / known[-1])
        start += levels.width
    return DecodedColumns(
        number,
        encoder.encoded_mean_[number],
        encoder.encoded_std_[number],
        encoder.std_[number],
        gap[number],
        encoder.known_[number],
        _joined(level, np.int64),
        _joined(category, np.int64),
        _joined(share, np.float64),
        np.array(known, dtype=np.float64),
    )


def _joined(parts: list[np.ndarray], dtype: Any) -> np.ndarray:
    return np.concatenate([*parts, np.empty(0)]).astype(dtype)


class RowMaker:
    """Turn what was decoded into rows of X: its container, columns, types and units.

    Parameters
    ----------
    X : data frame, ndarray or CSR matrix
        The X passed to `fit`.
    encoder : FeatureEncoder
        Fitted to it.
    """

    def __init__(self, X: Any, encoder: FeatureEncoder) -> None:
        self.encoder = encoder
        self.columns = decoded_columns(encoder)
        self.is_sparse = sparse.issparse(X)
        frame = None if self.is_sparse else as_frame(X)
        self.is_frame = frame is not None
        self.dtype = None if self.is_frame else X.dtype
        self.container = container_of(np.empty((0, 2)) if self.is_sparse else X, frame)
        names = encoder.column_names_
        self.whole = np.zeros(len(names), dtype=bool)
        self.boolean = np.zeros(len(names), dtype=bool)
        self.bounds = np.tile([-np.inf, np.inf], (len(names), 1))
        self.date_units = ["us"] * len(names)
        if frame is not None:
            for j, name in enumerate(names):
                dtype = frame.schema[name]
                self.whole[j] = dtype.is_integer()
                self.bounds[j] = _bounds_of(str(dtype).lower())
                self.date_units[j] = _unit_of(dtype)
                if j in encoder.numeric_ and not dtype.is_numeric():
                    column = column_from_series(frame.get_column(name))
                    self.boolean[j] = column.content == "boolean"
        elif self.dtype is not None and self.dtype.kind in "iub":
            self.whole[:] = True
            self.bounds[:] = _bounds_of(str(self.dtype))

    def features_and_gaps(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """Encode rows in float64, and tell where numbers are missing.

        Returns
        -------
        features : float64 ndarray of shape (n, d)
        gaps : bool ndarray of shape (n, a)
        """
        features: Any = self.encoder.transform(X, np.float64)
        if sparse.issparse(features):
            none = np.zeros((features.shape[0], len(self.columns.number)), dtype=bool)
            return features.toarray(), none
        return features, self.encoder.missing_numbers(X)[:, self.columns.number]

    def rows(
        self, numbers: np.ndarray, codes: np.ndarray, rng: np.random.Generator
    ) -> Any:
        """Build rows.

        Parameters
        ----------
        numbers : float64 ndarray of shape (n, a)
            In standard deviations from the mean.
        codes : int64 ndarray of shape (n, c)
            Place of the level among the levels that are predicted.
        rng : Generator
            Draws which of the rare levels, that are read as one, stands in a cell.
        """
        encoder, n_rows = self.encoder, len(numbers)
        made: list[Any] = [None] * len(encoder.column_names_)
        center, unit = encoder.center_, encoder.std_
        source = dict(
            zip(
                encoder.first_parts().tolist(),
                [*encoder.numeric_, *encoder.dates_],
                strict=True,
            )
        )
        for position, j in source.items():
            known = encoder.known_[position] > 0
            made[j] = np.full(n_rows, center[position] if known else np.nan)
        for values, position in zip(numbers.T, self.columns.number, strict=True):
            made[source[position]] = center[position] + unit[position] * values
        for j, parts in zip(encoder.dates_, encoder.date_parts_, strict=True):
            made[j] = parts.dates(made[j])
        chosen = iter(codes.T)
        for j, levels in zip(encoder.categorical_, encoder.levels_, strict=True):
            n_real = levels.width - (levels.missing_position >= 0)
            # The missing level is the last: positions of the others need no shift.
            positions = next(chosen) if n_real > 1 else np.zeros(n_rows, dtype=int)
            made[j] = levels.draw(positions, rng)
        return self._in_container([self._typed(j, v) for j, v in enumerate(made)])

    def _typed(self, j: int, values: np.ndarray) -> np.ndarray:
        if j in self.encoder.dates_:
            unit: Any = f"datetime64[{self.date_units[j]}]"
            whole: np.ndarray = values.astype(unit).astype(values.dtype)
            return whole
        if j not in self.encoder.numeric_:
            return values
        if self.boolean[j] or (self.dtype is not None and self.dtype.kind == "b"):
            return values > 0.5
        if not self.whole[j]:
            return values
        return np.clip(np.round(values), *self.bounds[j])

    def _in_container(self, values: list[np.ndarray]) -> Any:
        if self.is_frame:
            return self.container.rebuild(values, None)
        assert isinstance(self.container, ArrayContainer)
        stacked = stack_columns(values).astype(self.dtype)
        return sparse.csr_matrix(stacked) if self.is_sparse else stacked


def _bounds_of(dtype: str) -> tuple[float, float]:
    """Least and greatest integer of a type that floats can say; else infinite."""
    if dtype.lstrip("u") not in ("int8", "int16", "int32", "int64"):
        return -np.inf, np.inf
    limits = np.iinfo(dtype)
    most = float(limits.max)
    return float(limits.min), most if int(most) == limits.max else np.nextafter(most, 0)


def _unit_of(dtype: Any) -> str:
    """Give the unit that dates of a type are told in, microseconds at the finest."""
    if dtype == nw.Date:
        return "D"
    unit = getattr(dtype, "time_unit", "us")
    return unit if unit in ("s", "ms") else "us"


def unseen_rows(encoder: FeatureEncoder, X: Any) -> np.ndarray:
    """Tell rows (n,) that hold a level which `fit` did not see."""
    unseen = np.zeros(X.shape[0], dtype=bool)
    if not len(encoder.categorical_):
        return unseen
    for column, levels in zip(
        columns(X, encoder.categorical_), encoder.levels_, strict=True
    ):
        unseen |= ~column.missing & (levels.positions(column, 0) < 0)
    return unseen


def rare_level_cost(encoder: FeatureEncoder, X: Any) -> np.ndarray:
    """Surprise (n,) at which of the rare levels that are read as one stands in a row.

    Minus the logarithm of its share among them, summed over columns.
    """
    cost = np.zeros(X.shape[0])
    if not any(levels.rare for levels in encoder.levels_):
        return cost
    for column, levels in zip(
        columns(X, encoder.categorical_), encoder.levels_, strict=True
    ):
        if levels.rare:
            share = dict(levels.rare)
            codes, seen = column.factorize()
            of_level = [-np.log(share.get(level, 1.0)) for level in seen]
            cost += np.array([*of_level, 0.0])[codes]
    return cost
