"""Tables kept as one float array: numbers as they are, categories as codes.

The datasets of this package live in that form until the caller's container is known;
then :func:`to_frame` or :func:`to_array` puts the labels back. A missing label is NaN.
"""

from typing import NamedTuple

import numpy as np


class Category(NamedTuple):
    """Labels of a column of codes: code i stands for ``values[i]``."""

    values: tuple
    ordered: bool = False


def to_frame(table, names, categories, *, caller):
    """Return `table` as a DataFrame, columns in `categories` as category dtype.

    Parameters
    ----------
    table : ndarray of shape (n_samples, n_columns)
        Numbers and codes; NaN where a value is missing.
    names : list of str
        The names of the columns.
    categories : dict of str to Category
        The columns that hold codes. Names that are not in `names` are ignored.
    caller : str
        The public function to name if pandas is not installed.

    Returns
    -------
    pandas.DataFrame
    """
    try:
        import pandas as pd
    except ImportError as e:
        raise ImportError(
            f"{caller} with as_frame=True requires pandas. Install it with "
            "`pip install pandas`, or pass as_frame=False to get NumPy arrays."
        ) from e

    def column(name, values):
        if name not in categories:
            return values
        labels, ordered = categories[name]
        return pd.Categorical.from_codes(
            np.nan_to_num(values, nan=-1).astype(int),
            dtype=pd.CategoricalDtype(list(labels), ordered),
        )

    return pd.DataFrame(
        {name: column(name, table[:, j]) for j, name in enumerate(names)}
    )


def to_array(table, names, categories):
    """Return `table` as it is where all is numeric, else as an object array.

    Parameters
    ----------
    table : ndarray of shape (n_samples, n_columns)
        Numbers and codes, without missing values.
    names : list of str
        The names of the columns.
    categories : dict of str to Category
        The columns that hold codes. Names that are not in `names` are ignored.

    Returns
    -------
    ndarray of shape (n_samples, n_columns)
    """
    if categories.keys().isdisjoint(names):
        return table
    array = table.astype(object)
    for j, name in enumerate(names):
        if name in categories:
            labels = np.array(categories[name].values, dtype=object)
            array[:, j] = labels[table[:, j].astype(int)]
    return array
