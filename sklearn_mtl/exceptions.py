"""Warnings of the package, beside those of `sklearn.exceptions`."""

__all__ = ["NegativeTransferWarning"]


class NegativeTransferWarning(UserWarning):
    """A column became worse than its prior while the mean of all columns improved.

    Raised while training, once a column. Silence it as any other warning.

    Examples
    --------
    >>> import warnings
    >>> from sklearn_mtl.exceptions import NegativeTransferWarning
    >>> warnings.simplefilter("ignore", NegativeTransferWarning)
    """
