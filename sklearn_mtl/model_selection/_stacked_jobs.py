"""Fits of a search that are evaluated together: trained in stacks, then scored."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter, time
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _check_method_params

OF_ROWS = {"sample_weight", "groups"}
"""Arguments of fit that stacks take."""


class Call(NamedTuple):
    """One fit and its scores, as scikit-learn's searches ask for it.

    Attributes
    ----------
    position : int
        Among the results that are asked for.
    function : callable
        Fits and scores.
    estimator : estimator
        A clone, without the parameters of the candidate.
    X, y : containers of all rows
    how : dict
        Further arguments of `function`.
    """

    position: int
    function: Callable[..., dict[str, Any]]
    estimator: Any
    X: Any
    y: Any
    how: dict[str, Any]

    @property
    def split(self) -> int:
        """Number of the split."""
        return int(self.how["split_progress"][0])

    @property
    def candidate(self) -> int:
        """Number of the candidate."""
        return int(self.how["candidate_progress"][0])

    def run(self) -> dict[str, Any]:
        """Fit and score."""
        return self.function(self.estimator, self.X, self.y, **self.how)


class Paused(NamedTuple):
    """A stack whose candidates can go on.

    Attributes
    ----------
    stack : Paused of the estimators
    places : dict of (int, int) to (int, int)
        Place in the stack of each split and candidate, by their numbers.
    steps : dict of int to list
        Fitted steps before the net, of each split.
    """

    stack: Any
    places: dict[tuple[int, int], tuple[int, int]]
    steps: dict[int, list[tuple[str, Any]]]


class Done(NamedTuple):
    """Results of a job, and what it took.

    Attributes
    ----------
    results : list of (int, dict)
        With the position of each.
    n_stacks : int
    n_members, n_bytes : int
        Of the largest stack.
    seconds : float
    paused : tuple of Paused
        Stacks whose candidates can go on, where that was asked for.
    n_broken_off : int
        Fits that time did not let come to their end.
    """

    results: list[tuple[int, dict[str, Any]]]
    n_stacks: int = 0
    n_members: int = 0
    n_bytes: int = 0
    seconds: float = 0.0
    paused: tuple[Paused, ...] = ()
    n_broken_off: int = 0


class Share(NamedTuple):
    """Time of a job.

    Attributes
    ----------
    until : float or None
        When the search is to end, as `time.time` tells; None for no such time.
    n_left : int
        Jobs, this one too, that a worker has to share what is left with.
    """

    until: float | None = None
    n_left: int = 1

    def seconds(self) -> float | None:
        """Tell how long the job may take from now on."""
        if self.until is None:
            return None
        return max(0.0, self.until - time()) / self.n_left


class Job(NamedTuple):
    """Candidates of like shapes with like steps before the net, or one single fit.

    Attributes
    ----------
    shapes : list of list of Call
        Calls whose networks have one shape.
    alone : bool
        Whether each is fitted by itself.
    pauses : bool
        Whether candidates may go on later.
    share : Share
    """

    shapes: list[list[Call]]
    alone: bool = False
    pauses: bool = False
    share: Share = Share()

    def run(self) -> Done:
        """Evaluate all calls."""
        begin = perf_counter()
        seconds = self.share.seconds()
        done = Done([])
        seen: dict[int, _Seen | None] = {}
        for number, calls in enumerate(self.shapes):
            if self.alone:
                done.results.extend(_one_by_one(calls, seconds))
                done = done._replace(n_broken_off=len(calls) * (seconds == 0.0))
                continue
            if seconds is not None:
                left = max(0.0, seconds - (perf_counter() - begin))
                own = left / (len(self.shapes) - number)
            else:
                own = None
            done = _evaluate(calls, seen, done, pauses=self.pauses, seconds=own)
        return done._replace(seconds=perf_counter() - begin)


def net_of(estimator: Any) -> Any:
    """Give the multi-task net of an estimator or at the end of a Pipeline, or None."""
    net = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    return net if hasattr(net, "_fit_candidates") else None


class JobOfPaused(NamedTuple):
    """Candidates of a stack that go on.

    Attributes
    ----------
    calls : list of Call
    paused : Paused
    share : Share
    """

    calls: list[Call]
    paused: Paused
    share: Share = Share()

    def run(self) -> Done:
        """Evaluate all calls."""
        begin = perf_counter()
        paused = self.paused
        nets = {
            paused.places[call.split, call.candidate]: _net_of(call)
            for call in self.calls
        }
        first = next(iter(nets.values()))
        outcome = first._go_on_with_candidates(
            paused.stack, nets, seconds=self.share.seconds()
        )
        done = _scored(self.calls, outcome, paused.places, paused.steps, begin)
        return done._replace(seconds=perf_counter() - begin)


def prefix_of(estimator: Any) -> str:
    """Give what the names of the net's parameters begin with."""
    is_step = isinstance(estimator, Pipeline)
    return f"{estimator.steps[-1][0]}__" if is_step else ""


def _evaluate(
    calls: list[Call],
    seen: dict[int, _Seen | None],
    done: Done,
    *,
    pauses: bool = False,
    seconds: float | None = None,
) -> Done:
    """Train candidates side by side, and score each."""
    for split, call in {call.split: call for call in calls}.items():
        if split not in seen:
            seen[split] = _seen_by_net(call)
    for call in calls:
        if seen[call.split] is None:
            done.results.extend(_one_by_one([call]))
    calls = [call for call in calls if seen[call.split] is not None]
    if not calls:
        return done
    begin = perf_counter()
    splits = {split: s for split, s in seen.items() if s is not None}
    first = {call.candidate: call for call in reversed(calls)}
    candidates = list(dict.fromkeys(call.candidate for call in calls))
    nets = [_net_of(first[candidate]) for candidate in candidates]
    known = [nets[0]._rows_of_split(s.X, s.y, **s.params) for s in splits.values()]
    outcome = nets[0]._fit_candidates(nets, known, pauses=pauses, seconds=seconds)
    places = {
        (split, candidate): (s, c)
        for s, split in enumerate(splits)
        for c, candidate in enumerate(candidates)
    }
    steps = {split: of_split.steps for split, of_split in splits.items()}
    now = _scored(calls, outcome, places, steps, begin)
    return now._replace(
        results=done.results + now.results,
        n_stacks=done.n_stacks + now.n_stacks,
        n_members=max(done.n_members, now.n_members),
        n_bytes=max(done.n_bytes, now.n_bytes),
        paused=done.paused + now.paused,
        n_broken_off=done.n_broken_off + now.n_broken_off,
    )


def _scored(
    calls: list[Call],
    outcome: Any,
    places: dict[tuple[int, int], tuple[int, int]],
    steps: dict[int, list[tuple[str, Any]]],
    begin: float,
) -> Done:
    """Score what was trained since a time, of which each call has its share."""
    share = (perf_counter() - begin) / len(calls)
    results = []
    for call in calls:
        s, c = places[call.split, call.candidate]
        _let_be(call.estimator, steps[call.split], outcome.fitted[s][c])
        result = call.run()
        result["fit_time"] += share
        results.append((call.position, result))
    paused = tuple(
        Paused(
            stack,
            {
                number: place
                for number, place in places.items()
                if place in stack.places
            },
            steps,
        )
        for stack in outcome.paused
    )
    return Done(
        results,
        outcome.n_stacks,
        outcome.n_members,
        outcome.n_bytes,
        paused=paused,
        n_broken_off=outcome.n_broken_off,
    )


def _net_of(call: Call) -> Any:
    estimator = clone(call.estimator)
    return net_of(estimator.set_params(**clone(call.how["parameters"], safe=False)))


def _one_by_one(
    calls: list[Call], seconds: float | None = None
) -> list[tuple[int, dict[str, Any]]]:
    """Fit and score; none begins where no time is left."""
    if seconds == 0.0:
        for call in calls:
            _let_be(call.estimator, [], TimeoutError("time_limit ended the search."))
    return [(call.position, call.run()) for call in calls]


class _Seen(NamedTuple):
    """What reaches a net: rows that the steps before it have transformed."""

    steps: list[tuple[str, Any]]
    X: Any
    y: Any
    params: dict[str, Any]


class _Recorder(BaseEstimator):
    """Stands in a Pipeline for a net, and keeps what `fit` is given."""

    def __init__(self, net: Any = None) -> None:
        self.net = net

    def fit(self, X: Any, y: Any = None, **params: Any) -> _Recorder:
        self.seen_ = X, y, params
        return self

    def get_metadata_routing(self) -> Any:
        return self.net.get_metadata_routing()


def _seen_by_net(call: Call) -> _Seen | None:
    """Fit the steps before the net on the rows of the split that are trained on.

    None if stacks cannot take what reaches the net: it is then fitted as it is.
    """
    train = np.asarray(call.how["train"])
    X, y = (_safe_indexing(values, train) for values in (call.X, call.y))
    params = _check_method_params(
        call.X, params=call.how["fit_params"] or {}, indices=train
    )
    steps: list[tuple[str, Any]] = []
    if isinstance(call.estimator, Pipeline):
        pipeline = clone(call.estimator)
        parameters = clone(call.how["parameters"], safe=False)
        name, net = pipeline.set_params(**parameters).steps[-1]
        pipeline.steps[-1] = (name, _Recorder(net))
        try:
            pipeline.fit(X, y, **params)
        except Exception:  # alone, each candidate tells of it
            return None
        steps = pipeline.steps[:-1]
        X, y, params = pipeline.steps[-1][1].seen_
    if not OF_ROWS.issuperset(params):
        return None
    return _Seen(steps, X, y, params)


def _let_be(estimator: Any, steps: list[tuple[str, Any]], fitted: Any) -> None:
    """Let the next call of `fit` give an estimator what was learned in a stack."""

    def fit(X: Any, y: Any = None, **params: Any) -> Any:
        del vars(estimator)["fit"]
        if isinstance(fitted, Exception):
            raise fitted
        if steps:
            estimator.steps[:-1] = steps
        net_of(estimator)._adopt(fitted, X, y)
        return estimator

    vars(estimator)["fit"] = fit
