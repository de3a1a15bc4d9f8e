"""X to the matrix of features that the network reads."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

from sklearn_mtl.tables._chosen_columns import mask_of_columns
from sklearn_mtl.tables._containers import (
    column_names,
    columns,
    contents_of,
    has_plain_dtypes,
    is_plain_matrix,
    numbers_of,
    refuse_infinity,
    refuse_sparse_gaps,
    take_rows,
)
from sklearn_mtl.tables._dates import DateParts
from sklearn_mtl.tables._doubts import warn_of_strings
from sklearn_mtl.tables._extremes import may_hold_extremes, warn_of_extremes
from sklearn_mtl.tables._levels import CompactFeatures, Levels
from sklearn_mtl.tables._moments import (
    MANY_COLUMNS,
    dense_moments,
    sparse_moments,
)
from sklearn_mtl.tables._printed_names import numbered

CELLS_AT_ONCE = 2**18
"""Cells that are encoded together; bounds the memory of temporary arrays."""


FARTHEST = 2.0**60
"""Standard deviations from the mean at which a number is cut off: the network could not
compute with what lies farther."""

_KEEP_CATEGORIES = (
    "Where categories are meant, list the column in categorical_features, or give it "
    "the type 'category'."
)


class FeatureEncoder:
    """Encode a table of numbers and categories as a matrix of floats.

    Numbers are standardised; among many columns, those whose variance a few cells make
    are divided by more (`Moments.scale`). A missing number becomes the mean and, where
    the column had missing cells in `fit`, an indicator column says so. A number that
    does not vary in `fit` becomes 0 for good. A date becomes the numbers of
    `DateParts`, which follow those of X and are always standardised. A category
    becomes one column a level, those of two levels scaled as one number would be; a
    level that was not seen in `fit` becomes zeros.

    Parameters
    ----------
    categorical_features : "from_dtype", None or sequence
        "from_dtype" takes the columns of categories, strings and objects; else
        names, positions or a mask of the columns to take.
    scale_inputs : bool
        Whether numbers and categories of two levels are standardised.
    max_categories : int
        Most levels of one column that get a column of their own, the most
        frequent first; the rarer ones share one more.

    Attributes
    ----------
    feature_names_out_ : list of str
        One name a column of the encoded matrix.
    column_names_ : list
        Names of the columns of X.
    numeric_, dates_, categorical_ : int ndarray
        Their positions.
    date_parts_ : list of DateParts
        One for each of `dates_`.
    center_, std_, known_ : float64 ndarray of shape (n_numeric_,)
        Mean and standard deviation of the cells that are there, and their share.
    varies_ : bool ndarray of shape (n_numeric_,)
        False for a constant column.
    muted_ : bool ndarray of shape (n_numeric_,)
        True for a constant column that is read as 0.
    with_gaps_ : int ndarray
        Numeric columns that have an indicator of missing cells.
    levels_ : list of Levels
        One for each of `categorical_`.
    """

    def __init__(
        self,
        categorical_features: Any = "from_dtype",
        scale_inputs: bool = True,
        max_categories: int = 255,
    ) -> None:
        self.categorical_features = categorical_features
        self.scale_inputs = scale_inputs
        self.max_categories = max_categories

    def fit(self, X: Any, weight: np.ndarray) -> FeatureEncoder:
        """Learn means, scales and levels.

        Parameters
        ----------
        X : data frame, array or CSR matrix of shape (n_rows, n_columns)
        weight : ndarray of shape (n_rows,)
            Rows of weight zero say what a column holds, as they may be predicted, and
            nothing else.
        """
        self.fitted_sparse_ = sparse.issparse(X)
        rows = np.flatnonzero(weight)
        self._find_categorical(X)
        self._find_dates(X, rows)
        self._fit_categorical(X, weight)
        if len(rows) < len(weight):
            X, weight = take_rows(X, rows), weight[rows]
        self._fit_numeric(X, weight)
        self.feature_names_out_ = self._feature_names_out()
        return self

    def transform(
        self, X: Any, dtype: Any = np.float32
    ) -> np.ndarray | sparse.csr_matrix:
        """Encode the rows of `X`.

        Returns
        -------
        features : ndarray or CSR matrix of shape (n_rows, n_features_out)
            A CSR matrix where `X` is one.
        """
        features = self.transform_compact(X, dtype)
        return (
            features.to_dense() if isinstance(features, CompactFeatures) else features
        )

    def transform_compact(
        self, X: Any, dtype: Any = np.float32
    ) -> np.ndarray | sparse.csr_matrix | CompactFeatures:
        """Encode the rows of `X`, and leave categories to be spread batch by batch.

        Returns
        -------
        features : ndarray, CSR matrix or CompactFeatures
            `CompactFeatures` where there are categories.
        """
        X = self.densified(X)
        if sparse.issparse(X):
            return self._transform_sparse(X, dtype)
        numbers = self._encode_numbers(X, dtype)
        if not self.levels_:
            return numbers
        ones = np.empty((len(X), len(self.levels_)), dtype=np.int32)
        start = numbers.shape[1]
        for c, (column, levels) in enumerate(
            zip(columns(X, self.categorical_), self.levels_, strict=True)
        ):
            ones[:, c] = levels.positions(column, start)
            start += levels.width
        heights = self._heights.astype(dtype)
        return CompactFeatures(numbers, ones, heights, (len(X), self.n_features_out_))

    def densified(self, X: Any) -> Any:
        """Make a sparse matrix dense where `fit` saw a dense table.

        Sparse matrices are scaled without being centred, so that a network which
        learned from a dense table would read other numbers in the same rows.
        """
        return X.toarray() if sparse.issparse(X) and not self.fitted_sparse_ else X

    def numbers(self, X: Any, chosen: Any = slice(None)) -> np.ndarray:
        """Numeric columns as they are, (n_rows, n_numeric_); all or chosen ones."""
        X = X.toarray() if sparse.issparse(X) else X
        if not self.n_numeric_:
            return np.empty((len(X), 0))
        blocks = self._numeric_blocks(X)
        return np.concatenate([block[:, chosen] for block, _ in blocks])

    def missing_numbers(self, X: Any) -> np.ndarray:
        """Tell which cells of the numeric columns are missing, (n_rows, n_numeric_)."""
        missing = np.zeros((len(X), self.n_numeric_), dtype=bool)
        if self.n_numeric_:
            for block, rows in self._numeric_blocks(X):
                missing[rows] = np.isnan(block)
        return missing

    @property
    def n_numeric_(self) -> int:
        """Number of numeric columns and parts of dates, which come first."""
        return len(self.numeric_) + sum(map(len, self.date_parts_))

    @property
    def number_names_(self) -> list[str]:
        """Names of numeric columns and parts of dates."""
        names = [str(self.column_names_[j]) for j in self.numeric_]
        return names + [name for parts in self.date_parts_ for name in parts.names]

    @property
    def encoded_mean_(self) -> np.ndarray:
        """Mean of the encoded numbers."""
        return (self.center_ - self._mean) / self._scale

    @property
    def encoded_std_(self) -> np.ndarray:
        """Standard deviation of the encoded numbers; 0 for a constant column."""
        return self.std_ * self.varies_ / self._scale

    @property
    def n_features_out_(self) -> int:
        """Number of encoded features, d."""
        return len(self.feature_names_out_)

    # -- which columns are categories ------------------------------------------

    @property
    def _chosen_by_type(self) -> bool:
        chosen = self.categorical_features
        return isinstance(chosen, str) and chosen == "from_dtype"

    def _find_categorical(self, X: Any) -> None:
        names = column_names(X)
        chosen = self.categorical_features
        if self._chosen_by_type:
            if is_plain_matrix(X) or has_plain_dtypes(X):
                categorical = np.zeros(len(names), dtype=bool)
            else:
                categorical = np.array(
                    [held == "category" for held in contents_of(X, range(len(names)))]
                )
        else:
            categorical = mask_of_columns(chosen, names)
        if sparse.issparse(X) and categorical.any():
            raise ValueError(
                "Columns of a sparse X cannot be categorical_features. Pass a data "
                "frame or an array, or encode them first with OneHotEncoder."
            )
        self.column_names_ = names
        self.numeric_ = np.flatnonzero(~categorical)
        self.categorical_ = np.flatnonzero(categorical)

    def _find_dates(self, X: Any, rows: np.ndarray) -> None:
        """Take the dates out of what are no categories."""
        self.dates_ = np.zeros(0, dtype=np.intp)
        self.date_parts_: list[DateParts] = []
        if is_plain_matrix(X) or has_plain_dtypes(X):
            return
        held = contents_of(X, self.numeric_)
        is_date = np.array([content == "date" for content in held], dtype=bool)
        self.dates_ = self.numeric_[np.flatnonzero(is_date)]
        self.numeric_ = self.numeric_[np.flatnonzero(~is_date)]
        found = columns(X, self.dates_)
        self.date_parts_ = [DateParts(column.take(rows)) for column in found]

    # -- numbers ---------------------------------------------------------------

    def _fit_numeric(self, X: Any, weight: np.ndarray) -> None:
        n_columns = self.n_numeric_
        self._mean, self._scale = np.zeros(n_columns), np.ones(n_columns)
        self.muted_ = np.zeros(n_columns, dtype=bool)
        self.with_gaps_ = np.zeros(0, dtype=np.intp)
        self.known_ = np.ones(n_columns)
        self.center_ = self.std_ = self._mean
        self.varies_ = np.zeros(n_columns, dtype=bool)
        if not n_columns:
            return
        if sparse.issparse(X):
            moments = sparse_moments(self._numeric_block(X, slice(None)), weight)
        else:
            blocks = partial(self._numeric_blocks, X)
            moments = dense_moments(blocks, weight, n_columns)
            tells_gaps = np.isin(np.arange(n_columns), self.first_parts())
            has_gaps = moments.known < 1.0 - 1e-12
            self.with_gaps_ = np.flatnonzero(has_gaps & tells_gaps)
        self.center_, self.known_ = moments.mean, moments.known
        self.std_ = np.sqrt(moments.variance)
        constant = self.std_ <= 10 * np.finfo(np.float64).eps * np.abs(self.center_)
        self.varies_ = ~constant
        scaled = np.arange(n_columns) >= len(self.numeric_)
        if self.scale_inputs:
            scaled[:] = True
        if not sparse.issparse(X):
            self._mean = np.where(scaled, self.center_, 0.0)
            self.muted_ = scaled & constant
        self._scale = np.where(
            scaled & self.varies_, moments.scale(self._stretches), 1.0
        )
        may = may_hold_extremes(moments.farthest, moments.variance, len(weight))
        self._warn_of_extremes(X, may)

    @property
    def _stretches(self) -> bool:
        return len(self.column_names_) > MANY_COLUMNS

    def first_parts(self) -> np.ndarray:
        """Positions of the numbers that stand for the gaps of their column."""
        sizes = [1] * len(self.numeric_) + [len(parts) for parts in self.date_parts_]
        return np.cumsum([0, *sizes])[:-1]

    def _warn_of_extremes(self, X: Any, may: np.ndarray) -> None:
        chosen = np.flatnonzero(may[: len(self.numeric_)])
        if not len(chosen):
            return
        blocks = [block[:, chosen] for block, _ in self._numeric_blocks(X)]
        found = sparse.vstack(blocks).toarray() if sparse.issparse(X) else None
        numbers = np.concatenate(blocks) if found is None else found
        for position, cells in zip(chosen, numbers.T, strict=True):
            name = self.column_names_[self.numeric_[position]]
            warn_of_extremes(name, cells, "X")

    def _numeric_blocks(self, X: Any) -> Iterator[tuple[Any, slice]]:
        for rows in self._row_slices(X.shape[0]):
            yield self._numeric_block(X, rows).astype(np.float64, copy=False), rows

    def _row_slices(self, n_rows: int) -> Iterator[slice]:
        size = max(1, CELLS_AT_ONCE // max(1, len(self.column_names_)))
        for start in range(0, n_rows, size):
            yield slice(start, min(start + size, n_rows))

    def _numeric_block(self, X: Any, rows: slice) -> Any:
        """Numeric columns of some rows, checked for infinity."""
        if sparse.issparse(X):
            block = X[rows]
            refuse_sparse_gaps(block, self.column_names_)
        elif is_plain_matrix(X):
            block = np.asarray(X[rows])
            if len(self.numeric_) < len(self.column_names_):
                block = block[:, self.numeric_]
            if block.dtype.kind != "f":
                block = block.astype(np.float64)
        else:
            part = X if rows == slice(0, len(X)) else take_rows(X, rows)
            block = numbers_of(part, self.numeric_)
            if self.date_parts_:
                return self._with_dates(block, part)
        refuse_infinity(block, [self.column_names_[j] for j in self.numeric_])
        return block

    def _with_dates(self, block: np.ndarray, X: Any) -> np.ndarray:
        refuse_infinity(block, [self.column_names_[j] for j in self.numeric_])
        dates = [
            parts.numbers(column)
            for parts, column in zip(
                self.date_parts_, columns(X, self.dates_), strict=True
            )
        ]
        return np.hstack([block, *dates])

    def _encode_numbers(self, X: Any, dtype: Any) -> np.ndarray:
        """Standardise numbers, and append the indicators of missing ones."""
        n_numeric, n_gaps = self.n_numeric_, len(self.with_gaps_)
        out = np.empty((len(X), n_numeric + n_gaps), dtype=dtype)
        if not n_numeric:
            return out
        for rows in self._row_slices(len(X)):
            z = out[rows, :n_numeric]
            block = self._numeric_block(X, rows)
            with np.errstate(over="ignore"):
                np.clip((block - self._mean) / self._scale, -FARTHEST, FARTHEST, out=z)
            missing = np.isnan(z)
            if missing.any():
                np.copyto(z, self.encoded_mean_.astype(z.dtype), where=missing)
            if self.muted_.any():
                z[:, self.muted_] = 0.0
            if n_gaps:
                out[rows, n_numeric:] = missing[:, self.with_gaps_]
        return out

    def _transform_sparse(self, X: Any, dtype: Any) -> sparse.csr_matrix:
        refuse_sparse_gaps(X, self.column_names_)
        refuse_infinity(X, self.column_names_)
        scaled = sparse.csr_matrix(X @ sparse.diags_array(1.0 / self._scale))
        np.clip(scaled.data, -FARTHEST, FARTHEST, out=scaled.data)
        return sparse.csr_matrix(scaled, dtype=dtype)

    # -- categories ------------------------------------------------------------

    def _fit_categorical(self, X: Any, weight: np.ndarray) -> None:
        found = columns(X, self.categorical_)
        if self._chosen_by_type:
            for column in found:
                warn_of_strings(column, "X", _KEEP_CATEGORIES)
        self.levels_ = [Levels(column, weight, self.max_categories) for column in found]
        self._heights = np.ones(len(self.levels_))
        if self.scale_inputs:
            self._heights[:] = [
                levels.standard_height(self._stretches) for levels in self.levels_
            ]

    def _feature_names_out(self) -> list[str]:
        names = self.number_names_
        with_gaps = np.flatnonzero(np.isin(self.first_parts(), self.with_gaps_))
        sources = [*self.numeric_, *self.dates_]
        names += [f"{self.column_names_[sources[g]]}_missing" for g in with_gaps]
        for j, levels in zip(self.categorical_, self.levels_, strict=True):
            names += [f"{self.column_names_[j]}_{label}" for label in levels.labels]
        return numbered(names)
