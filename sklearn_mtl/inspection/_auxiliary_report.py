"""What columns gain by another one that is learned beside them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import asdict, dataclass
from html import escape
from typing import Any


@dataclass(frozen=True)
class Served:
    """What the scored columns of y gain by one column that is learned.

    Parameters
    ----------
    name : hashable
        Of the column.
    table : {"X", "y"}
        Where the column stands.
    learned : float
        Mean skill of the scored columns over folds if the column is an output.
    without : float
        The same if it is an input, for a column of X, or is not there, for one of y.
    gain : float
        ``learned - without``.
    low, high : float
        Paired confidence interval of the gain over folds, its variance corrected for
        the rows that training sets share; NaN with one fold.
    p_value : float
        Of the same paired test, adjusted for the number of columns by Holm's method.
    verdict : {"helped", "hurt", "unclear"}
        "unclear" where the p-value tells that the gain may be by chance.

    Examples
    --------
    >>> from sklearn_mtl.inspection import Served
    >>> Served("later", "y", 0.4, 0.3, 0.1, 0.05, 0.15, 0.01, "helped")
    'later' of y: skill of the others 0.300 -> 0.400 (+0.100, +0.050 to +0.150), helped
    """

    name: Hashable
    table: str
    learned: float
    without: float
    gain: float
    low: float
    high: float
    p_value: float
    verdict: str

    def __str__(self) -> str:
        return (
            f"{self.name!r} of {self.table}: skill of the others {self.without:.3f} -> "
            f"{self.learned:.3f} ({self.gain:+.3f}, {self.low:+.3f} to "
            f"{self.high:+.3f}), {self.verdict}"
        )

    __repr__ = __str__


class AuxiliaryReport:
    """What `suggest_auxiliary` found, which prints as one line a column.

    Parameters
    ----------
    served : tuple of Served
        One a column that was tried, those of y first.

    Examples
    --------
    >>> from sklearn_mtl.inspection import AuxiliaryReport, Served
    >>> later = Served("later", "y", 0.4, 0.3, 0.1, 0.05, 0.15, 0.01, "helped")
    >>> AuxiliaryReport((later,)).suggested
    ['later']
    """

    def __init__(self, served: tuple[Served, ...]) -> None:
        self.served = served

    def __len__(self) -> int:
        return len(self.served)

    def __iter__(self) -> Iterator[Served]:
        return iter(self.served)

    @property
    def suggested(self) -> list[Hashable]:
        """Names of the columns that help the others as outputs, not by chance."""
        return [served.name for served in self.served if served.verdict == "helped"]

    def as_frame(self) -> Any:
        """Return a pandas frame with a row a column and a column an attribute.

        Returns
        -------
        DataFrame
            Of as many rows as columns were tried.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError(
                "as_frame makes a pandas frame, and pandas is not installed: pip "
                "install pandas, or read the attribute served."
            ) from error
        columns = list(Served.__dataclass_fields__)
        return pd.DataFrame([asdict(one) for one in self.served], columns=columns)

    def __str__(self) -> str:
        return "\n".join(map(str, self.served))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{escape(str(one))}</li>" for one in self.served)
        return f"<ul>{items}</ul>"
