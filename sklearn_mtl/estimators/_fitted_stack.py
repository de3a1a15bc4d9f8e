"""The nets of a fit, and what they say of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_mtl.estimators._codings import Codings
from sklearn_mtl.estimators._reading import n_rows_of
from sklearn_mtl.tables import take_rows
from sklearn_mtl.tasks import Task
from sklearn_mtl.training import (
    MemberRows,
    MultiTaskNet,
    iter_raw,
    iter_shared,
    number_format,
    raw_of_held_out,
)

ROWS_AT_ONCE = 16_384
"""Rows that are encoded and predicted together; bounds the memory of `predict`."""

Arrays = Sequence[np.ndarray]


@dataclass(frozen=True, eq=False)
class FittedStack:
    """Everything that turns rows of X into what members say of them.

    It is the attribute ``stack_`` of a fitted estimator. Tasks are told by their
    positions among those that are predicted, `tasks`: auxiliary columns of y have
    outputs of the nets, and nobody asks for them.

    Parameters
    ----------
    net : MultiTaskNet
        The net that all columns share.
    own_net : MultiTaskNet or None
        Members of the columns that went on alone, each of which learned from one.
    codings : Codings
        How X is encoded, and what columns of y mean.
    shrinkage : ndarray of shape (n_tasks,)
        Share of the way from the prior to what members say, in raw outputs.
    temperature : ndarray of shape (n_tasks,)
        Divides the logarithms of each class column's probabilities.
    fold_seed : int
        Drew the rows that members held out.

    See Also
    --------
    MultiTaskNetEstimator : The estimator whose attribute it is.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.datasets import load_student_performance
    >>> X, y = load_student_performance(return_X_y=True, as_frame=True)
    >>> net = MultiTaskNetEstimator(max_iter=2, random_state=0).fit(
    ...     X, y[["G3", "higher"]]
    ... )
    >>> mean, probabilities = net.stack_.responses(X)
    >>> mean.shape, probabilities.shape
    ((649, 1), (649, 2))
    """

    net: MultiTaskNet
    own_net: MultiTaskNet | None
    codings: Codings
    shrinkage: np.ndarray
    temperature: np.ndarray
    fold_seed: int

    @property
    def nets(self) -> list[MultiTaskNet]:
        """All nets, the shared one first."""
        return [self.net] if self.own_net is None else [self.net, self.own_net]

    def forget_optimizer_state(self) -> None:
        """Let training that goes on from here begin with fresh moments."""
        for net in self.nets:
            net.forget_optimizer_state()

    @property
    def tasks(self) -> list[Task]:
        """What was learned about each column that is predicted."""
        return self.codings.predicted_tasks

    @property
    def labels(self) -> np.ndarray:
        """How many labels of each of `tasks` tell something, (n_tasks,)."""
        labels: np.ndarray = self.codings.labels[self.codings.predicted]
        return labels

    @property
    def own_tasks(self) -> list[int]:
        """Positions of the columns that went on alone."""
        if self.own_net is None:
            return []
        alone = self.own_net.members.tasks
        return [p for p, t in enumerate(self.codings.predicted) if t in alone]

    def outputs(self, t: int, net: MultiTaskNet) -> tuple[np.ndarray | None, slice]:
        """Tell where a net says what it does of a task.

        Parameters
        ----------
        t : int
            Position in `tasks`.
        net : MultiTaskNet
            That which predicts the task.

        Returns
        -------
        members : int ndarray, or None
            Those that are asked; None for all.
        outputs : slice
            Raw ones that the task reads.
        """
        of_y = self.codings.predicted[t]
        asked = None if net is self.net else net.members.learning(of_y)
        return asked, net.criterion_.layout.read_by(of_y)

    def responses(self, X: Any, tasks: Sequence[int] | None = None) -> list[np.ndarray]:
        """Mean over members of what they say of rows.

        Parameters
        ----------
        X : data frame, array or CSR matrix of shape (n_samples, n_features)
            Rows, with the columns of the X passed to `fit`.
        tasks : sequence of int, default=None
            Positions in `tasks`; all by default.

        Returns
        -------
        list of ndarray of shape (n_samples, m)
            One for each of `tasks`: numbers in the units of y, or probabilities of the
            classes; see `Task.response`.
        """
        return self.map_responses(means, X, tasks)

    def map_responses(
        self,
        function: Callable[[Any, Arrays], Arrays],
        X: Any,
        tasks: Sequence[int] | None = None,
    ) -> list[np.ndarray]:
        """Map a function over some rows at a time, and join its results.

        Parameters
        ----------
        function : callable
            Takes the encoded rows (n, d) and a list of responses (n_members, n, m) of
            all members, one for each of `tasks`. Returns a sequence of arrays, each
            with one entry a row.
        X : data frame, array or CSR matrix of shape (n_samples, n_features)
            Rows, with the columns of the X passed to `fit`.
        tasks : sequence of int, default=None
            Positions in `tasks`; all by default.

        Returns
        -------
        list of ndarray
            Each with one entry a row of X.
        """
        chosen = range(len(self.tasks)) if tasks is None else tasks
        return joined(
            function(features, responses)
            for features, responses in self._responses_of_members(X, chosen)
        )

    def units(self, X: Any) -> np.ndarray:
        """Compute the units of the last shared layer, member after member.

        Parameters
        ----------
        X : data frame, array or CSR matrix of shape (n_samples, n_features)
            Rows, with the columns of the X passed to `fit`.

        Returns
        -------
        ndarray of shape (n_samples, K * h)
            Those of the first member stand first.
        """
        (units,) = joined(
            [shared.transpose(1, 0, 2).reshape(shared.shape[1], -1)]
            for features in self.encoded(X)
            for shared in iter_shared(self.net.module_, features)
        )
        return units

    def parts(self, X: Any) -> Iterator[Any]:
        """Check X and cut it into parts of some rows.

        Parameters
        ----------
        X : data frame, array or CSR matrix of shape (n_samples, n_features)
            Rows, with the columns of the X passed to `fit`.

        Yields
        ------
        part : as X
            The next rows.
        """
        X = self.codings.read_X(X)
        n_rows = n_rows_of(X)
        for start in range(0, n_rows, ROWS_AT_ONCE):
            rows = slice(start, min(start + ROWS_AT_ONCE, n_rows))
            part = X if rows == slice(0, n_rows) else take_rows(X, rows)
            yield self.codings.encoder.densified(part)

    def responses_to_held_out(
        self, rows: MemberRows
    ) -> Iterator[tuple[list[int], np.ndarray, list[np.ndarray]]]:
        """Ask each member for the rows that it held out, some at a time.

        Parameters
        ----------
        rows : MemberRows
            Those of the fit, with what each member held out.

        Yields
        ------
        tasks : list of int
            Those that one of the nets predicts.
        index : int ndarray of shape (K, n)
            Rows of the table; -1 where a member held out fewer.
        responses : list of ndarray of shape (K, n, m)
            One for each of `tasks`.
        """
        for net, tasks, index, raw in self._raw_of_held_out(rows):
            yield tasks, index, [self._response(t, raw, net) for t in tasks]

    def distances_of_held_out(
        self, rows: MemberRows, tasks: Sequence[int]
    ) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Ask each member how far from the prior it puts the rows that it held out.

        Parameters
        ----------
        rows : MemberRows
            Those of the fit, with what each member held out.
        tasks : sequence of int
            Positions of the columns of y.

        Yields
        ------
        t : int
            One of `tasks`; of some rows at a time.
        index : int ndarray of shape (K, n)
            Rows of the table; -1 where a member held out fewer.
        distance : ndarray of shape (K, n, c)
            What is added to the raw outputs of the prior, before any shrinkage.
        """
        known = self.tasks
        for net, own, index, raw in self._raw_of_held_out(rows):
            for t in own:
                if t in tasks:
                    prior = known[t].read_prior()
                    yield t, index, self.raw_of(t, raw, net) - prior

    def distances(
        self, X: Any, tasks: Sequence[int]
    ) -> Iterator[tuple[int, slice, np.ndarray]]:
        """Tell how far from the prior every member puts some rows at a time.

        Parameters
        ----------
        X : data frame, array or CSR matrix of shape (n, n_features)
            Rows, with the columns of the X passed to `fit`.
        tasks : sequence of int
            Positions of the columns of y.

        Yields
        ------
        t : int
            One of `tasks`.
        rows : slice
            Rows of X.
        distance : ndarray of shape (K, rows, c)
            What is added to the raw outputs of the prior, before any shrinkage.
        """
        start, known = 0, self.tasks
        for features in self.encoded(X):
            for rows, groups in self._raw_of(features, tasks):
                for net, own, raw in groups:
                    for t in own:
                        prior = known[t].read_prior()
                        here = slice(start + rows.start, start + rows.stop)
                        yield t, here, self.raw_of(t, raw, net) - prior
            start += features.shape[0]

    def _raw_of_held_out(
        self, rows: MemberRows
    ) -> Iterator[tuple[MultiTaskNet, list[int], np.ndarray, np.ndarray]]:
        """Net, its tasks, rows (K, n) and raw outputs (K', n, C)."""
        for net, tasks in self.by_net(range(len(self.tasks))):
            own_rows = rows if net is self.net else rows.select(net.members.origin)
            for index, raw in raw_of_held_out(net.module_, own_rows):
                # Members that learned from one column each held out the same rows.
                asked, _ = self.outputs(tasks[0], net)
                yield net, tasks, index if asked is None else index[asked], raw

    def _responses_of_members(
        self, X: Any, tasks: Sequence[int]
    ) -> Iterator[tuple[Any, list[np.ndarray]]]:
        """Encode and predict some rows at a time."""
        for features in self.encoded(X):
            for rows, groups in self._raw_of(features, tasks):
                of_task = {
                    t: self._response(t, raw, net)
                    for net, own, raw in groups
                    for t in own
                }
                yield features[rows], [of_task[t] for t in tasks]

    def _raw_of(
        self, features: Any, tasks: Sequence[int]
    ) -> Iterator[tuple[slice, list[tuple[MultiTaskNet, list[int], np.ndarray]]]]:
        """Give each net, its tasks and raw outputs (K', rows, C) of some rows."""
        groups = self.by_net(tasks)
        modules = [net.module_ for net, _ in groups]
        for rows, raws in iter_raw(modules, features):
            yield (
                rows,
                [(net, own, raw) for (net, own), raw in zip(groups, raws, strict=True)],
            )

    def encoded(self, X: Any) -> Iterator[Any]:
        """Encode some rows at a time.

        Parameters
        ----------
        X : data frame, array or CSR matrix of shape (n_samples, n_features)
            Rows, with the columns of the X passed to `fit`.

        Yields
        ------
        float64 ndarray or CSR matrix of shape (rows, d)
            What the network reads of these rows.
        """
        for part in self.parts(X):
            # Rounded as in training: the two read the same numbers beside a huge cell.
            rounded = self.codings.encoder.transform(part, number_format(self.net))
            yield rounded.astype(np.float64)

    def by_net(self, tasks: Sequence[int]) -> list[tuple[MultiTaskNet, list[int]]]:
        """Group tasks by the net that predicts them.

        Parameters
        ----------
        tasks : sequence of int
            Positions in `tasks`.

        Returns
        -------
        list of (MultiTaskNet, list of int)
            Nets that predict one of them or more, the shared one first.
        """
        alone = self.own_tasks
        groups = [
            (self.net, [t for t in tasks if t not in alone]),
            (self.own_net, [t for t in tasks if t in alone]),
        ]
        return [(net, own) for net, own in groups if net is not None and own]

    def raw_of(self, t: int, raw: np.ndarray, net: MultiTaskNet) -> np.ndarray:
        """Take the raw outputs that one task reads.

        Parameters
        ----------
        t : int
            Position in `tasks`.
        raw : ndarray of shape (n_members_of_net, n, C)
            All raw outputs of a net.
        net : MultiTaskNet
            That which predicts the task.

        Returns
        -------
        ndarray of shape (K, n, c)
            Those of the members that predict the task.
        """
        asked, outputs = self.outputs(t, net)
        own = raw[..., outputs]
        return own if asked is None else own[asked]

    def _response(self, t: int, raw: np.ndarray, net: MultiTaskNet) -> np.ndarray:
        """Response (K, n, m) of one task from a net's raw outputs (K', n, C)."""
        return self.response_to(t, self.raw_of(t, raw, net))

    def response_to(self, t: int, own: np.ndarray) -> np.ndarray:
        """Shrink raw outputs of one task, and turn them into its response.

        Parameters
        ----------
        t : int
            Position in `tasks`.
        own : ndarray of shape (..., c)
            Raw outputs that the task reads.

        Returns
        -------
        ndarray of shape (..., m)
            See `Task.response`; probabilities of classes have their temperature.
        """
        task = self.tasks[t]
        if self.shrinkage[t] != 1.0:
            prior = task.read_prior()
            own = prior + self.shrinkage[t] * (own - prior)
        response = task.response(own)
        if task.is_classifier and self.temperature[t] != 1.0:
            return task.tempered(response, self.temperature[t])
        return response


def means(features: Any, responses: Arrays) -> list[np.ndarray]:
    """Mean over members of each response."""
    return [response.mean(axis=0) for response in responses]


def joined(parts: Iterable[Arrays]) -> list[np.ndarray]:
    """Join arrays that were made for some rows at a time."""
    return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
