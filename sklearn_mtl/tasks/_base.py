"""The contract between a kind of column and everything else."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.base import BaseEstimator

from sklearn_mtl.tables import Column
from sklearn_mtl.tasks._scores import r2
from sklearn_mtl.tasks._tempering import temper


class Task(BaseEstimator):
    """One column of y, read as one kind.

    A subclass sets `kind`, learns its coding in `fit`, and defines `encode`, `loss`,
    `response` and `predict`. Parameters of a kind are arguments of its ``__init__``,
    stored as they are; what it learns ends in ``_``.

    Attributes
    ----------
    kind : str
        Name of the kind, as users write it in ``task_types``.
    is_classifier : bool
        Whether labels are classes; then `fit` sets ``classes_`` and `response`
        returns their probabilities.
    level : float or None
        Share of the labels that lie below what is predicted of a number, such as 0.5
        where that is their median; None where it is their mean.
    limits : tuple of two floats
        Least and greatest label that there can be: bounds of intervals lie within.
    name_ : hashable
        Name of the column.
    n_outputs_ : int
        Number of raw outputs of the network that the task owns.
    n_codes : int
        Numbers that code one label: 1, but for kinds that say otherwise.
    group_position : int or None
        Position of the task in a block of columns that belong together: `response` and
        `loss_of_arrays` then read the raw outputs of all of them. None for a task that
        reads its own alone.
    prior_raw_ : ndarray of shape (`n_outputs_`,)
        Raw outputs that predict the prior: the network starts from them.
    prior_cost_ : float
        Mean loss of `prior_raw_` on the observed labels. Losses are divided by it, so
        that 1.0 means "no skill" whatever the kind. 0 where there is nothing to learn.

    See Also
    --------
    Regression : Numbers under squared error.
    Multiclass : Several classes without an order.

    Examples
    --------
    A kind for numbers with wild outliers, under Cauchy noise. Everything but its loss
    is that of `Regression`:

    >>> import numpy as np
    >>> import torch
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.tasks import Regression
    >>> class CauchyRegression(Regression):
    ...     kind = "cauchy"
    ...     @staticmethod
    ...     def loss(raw, codes):
    ...         return torch.log1p((raw.squeeze(-1) - codes).square())
    >>> X = np.linspace(-1, 1, 100)[:, None]
    >>> y = np.column_stack([X, X**2])
    >>> y[::10, 0] = 50.0  # every tenth label is broken
    >>> net = MultiTaskNetEstimator(
    ...     task_types={0: CauchyRegression()}, max_iter=20, random_state=0
    ... ).fit(X, y)
    >>> net.tasks_
    [CauchyRegression() of column 0, Regression() of column 1]
    """

    kind: ClassVar[str]
    is_classifier: ClassVar[bool] = False
    n_codes: ClassVar[int] = 1
    level: float | None = None
    limits: ClassVar[tuple[float, float]] = (-np.inf, np.inf)

    name_: Hashable
    n_outputs_: int
    prior_raw_: np.ndarray
    prior_cost_: float

    @abstractmethod
    def fit(self, column: Column, weight: np.ndarray) -> Task:
        """Learn the coding of the labels.

        Parameters
        ----------
        column : Column
            Labels of the training rows; any of them may be missing, even all.
        weight : ndarray of shape (n_rows,)
            Weight of each label; 0 where it is missing.
        """

    @abstractmethod
    def encode(self, column: Column) -> np.ndarray:
        """Turn labels into codes.

        Parameters
        ----------
        column : Column
            Labels; any of them may be missing.

        Returns
        -------
        float64 ndarray of shape (n_rows,), or (n_rows, `n_codes`)
            The second where a label takes several; NaN where it is missing.

        Raises
        ------
        ValueError
            A label is outside the range of the task.
        """

    def labels_of(self, column: Column) -> np.ndarray:
        """Read labels of a numeric column as `residual`, `score` and metrics do.

        Parameters
        ----------
        column : Column
            Labels; any of them may be missing.

        Returns
        -------
        float64 ndarray of shape (n_rows,)
            NaN where missing. A kind may say more of each label, (n_rows, m).
        """
        if column.content == "category":
            return np.full(len(column), np.nan)
        return column.numbers()

    def nearest_labels(self, numbers: np.ndarray) -> np.ndarray:
        """Move numbers, such as another model's predictions, to labels that may be.

        Parameters
        ----------
        numbers : ndarray of shape (n,)
            In units of the labels.

        Returns
        -------
        ndarray of shape (n,)
            The nearest ones that `encode` takes.
        """
        return numbers

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let no kind that changes `loss` inherit the gradient of another one."""
        super().__init_subclass__(**kwargs)
        if "loss" in vars(cls) and "loss_and_gradient" not in vars(cls):
            cls.loss_and_gradient = Task.loss_and_gradient  # type: ignore[method-assign]

    @abstractmethod
    def loss(self, raw: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """Negative log-likelihood of each label.

        One call serves all tasks of an equal `block_key`. It may be a static method.

        Parameters
        ----------
        raw : tensor of shape (..., `n_outputs_`)
            What the network says of the rows.
        codes : tensor of shape (...), or (..., `n_codes`)
            The second where a label takes several; 0 where it is missing.

        Returns
        -------
        tensor of shape (...)
            The loss of each label.
        """

    def loss_and_gradient(
        self, raw: torch.Tensor, codes: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """`loss`, and the gradient of its sum into `raw`.

        Here by automatic differentiation. A kind may give a formula, which is faster
        by far for small batches; a subclass that changes `loss` alone does not
        inherit the formula.

        Parameters
        ----------
        raw : tensor of shape (..., `n_outputs_`)
            What the network says of the rows.
        codes : tensor of shape (...), or (..., `n_codes`)
            The second where a label takes several; 0 where it is missing.

        Returns
        -------
        loss : tensor of shape (...)
            The loss of each label.
        gradient : tensor of the shape of `raw`
            Of the sum of the losses.
        """
        raw = raw.detach().requires_grad_()
        with torch.enable_grad():
            loss = self.loss(raw, codes)
        (gradient,) = torch.autograd.grad(loss.sum(), raw)
        return loss.detach(), gradient

    @abstractmethod
    def response(self, raw: np.ndarray) -> np.ndarray:
        """Turn raw outputs into what members are averaged in.

        Parameters
        ----------
        raw : ndarray of shape (..., `n_outputs_`)
            What the network says of the rows.

        Returns
        -------
        ndarray of shape (..., m)
            Probabilities of the classes; or, for numbers, the prediction in units of
            the labels first, and whatever else `predict` or `spread`
            read, of a form that may be averaged.
        """

    @abstractmethod
    def predict(self, response: np.ndarray) -> np.ndarray:
        """Turn averaged responses into labels.

        Parameters
        ----------
        response : ndarray of shape (n_rows, m)
            Mean over members.

        Returns
        -------
        ndarray of shape (n_rows,)
            Labels as users know them.
        """

    def score(
        self,
        labels: np.ndarray,
        predictions: np.ndarray,
        sample_weight: np.ndarray | None = None,
    ) -> float:
        """Score predictions of the column; here by R2, or by accuracy of classes.

        A kind may say something else, of which greater is better. It may read its
        parameters, but not what `fit` learns: `sklearn_mtl.metrics` asks kinds that
        were not fitted, too.

        Parameters
        ----------
        labels : ndarray of shape (n,)
            Observed labels of a weight above 0, at least one: floats, or classes as
            users know them.
        predictions : ndarray of shape (n,)
            What `predict` returned of these rows.
        sample_weight : ndarray of shape (n,), default=None
            Weight of each label; ones if None.

        Returns
        -------
        float
            NaN where there are too few labels, as of R2 for fewer than two.
        """
        if self.is_classifier:
            return float(np.average(labels == predictions, weights=sample_weight))
        return r2(labels, predictions, sample_weight)

    def residual(self, labels: np.ndarray, response: np.ndarray) -> np.ndarray:
        """Tell errors of numeric responses, in units that fit all rows alike.

        Parameters
        ----------
        labels : ndarray of shape (...)
            What `labels_of` returned; NaN where missing.
        response : ndarray of shape (..., m)
            What `response` returned of these rows.

        Returns
        -------
        ndarray of shape (...)
            Labels minus predictions, unless a kind says otherwise.
        """
        error: np.ndarray = labels - response[..., 0]
        return error

    def spread(
        self, response: np.ndarray, between: np.ndarray, residual_std: float
    ) -> np.ndarray:
        """Tell the standard deviation of the labels that a numeric response predicts.

        Parameters
        ----------
        response : ndarray of shape (n_rows, m)
            Mean over members.
        between : ndarray of shape (n_rows,)
            Variance over members of the first entry of their responses.
        residual_std : float
            Root mean square of `residual` on rows that members held out.

        Returns
        -------
        ndarray of shape (n_rows,)
            Standard deviations in the units of the labels.
        """
        return np.sqrt(between + residual_std**2)

    def loss_of_arrays(self, raw: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Tell `loss` of arrays, outside of training.

        Parameters
        ----------
        raw : ndarray of shape (..., `n_outputs_`)
            Raw outputs.
        codes : ndarray of shape (...), or (..., `n_codes`)
            Codes of the labels.

        Returns
        -------
        ndarray of shape (...)
            The loss of each label.
        """
        loss = self.loss(torch.from_numpy(raw), torch.from_numpy(codes))
        found: np.ndarray = loss.numpy()
        return found

    @property
    def group_position(self) -> int | None:
        """Position in a block of columns that belong together; None for one alone."""
        return None

    def read_prior(self) -> np.ndarray:
        """Give the raw outputs of the prior that `response` reads.

        Returns
        -------
        ndarray of shape (`n_outputs_`,)
            `prior_raw_`, where a kind says nothing else.
        """
        return self.prior_raw_

    def tempered(self, response: np.ndarray, temperature: float) -> np.ndarray:
        """Divide the logarithms of probabilities by a temperature and normalise.

        Parameters
        ----------
        response : ndarray of shape (..., n_classes)
            Probabilities of the classes.
        temperature : float
            Above 1, they come closer to each other.

        Returns
        -------
        ndarray of shape (..., n_classes)
            Probabilities.
        """
        return temper(response, temperature)

    def telling_share(self) -> float:
        """Share of the observed labels that tell something: 1, but for rare classes.

        Returns
        -------
        float
            Between 0 and 1.
        """
        return 1.0

    def block_key(self) -> tuple[Any, ...]:
        """Tell which tasks share one call of `loss`: those of equal keys.

        A kind whose `loss` depends on parameters must put them into the key.

        Returns
        -------
        tuple of hashable
            Equal for tasks that share a call.
        """
        return type(self), self.n_outputs_

    def block_width(self) -> int:
        """Tell how many raw outputs are reserved for the task.

        Returns
        -------
        int
            `n_outputs_`, or more, which are -inf.
        """
        return self.n_outputs_

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        """Show the parameters, and of which column it is once it is fitted."""
        kind = str(super().__repr__(N_CHAR_MAX))
        return f"{kind} of column {self.name_!r}" if hasattr(self, "name_") else kind

    def describe(self) -> str:
        """Name column and kind in a message.

        Returns
        -------
        str
            Such as "column 'price' (regression)".
        """
        return f"column {self.name_!r} ({self.kind})"
