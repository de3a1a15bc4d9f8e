"""The fits of a search, planned as stacks and evaluated."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.parallel import Parallel, delayed
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
    """

    results: list[tuple[int, dict[str, Any]]]
    n_stacks: int = 0
    n_members: int = 0
    n_bytes: int = 0
    seconds: float = 0.0


class Job(NamedTuple):
    """Candidates of like shapes with like steps before the net, or one single fit.

    Attributes
    ----------
    shapes : list of list of Call
        Calls whose networks have one shape.
    alone : bool
        Whether each is fitted by itself.
    """

    shapes: list[list[Call]]
    alone: bool = False

    def run(self) -> Done:
        """Evaluate all calls."""
        begin = perf_counter()
        done = Done([])
        seen: dict[int, _Seen | None] = {}
        for calls in self.shapes:
            if self.alone:
                done.results.extend(_one_by_one(calls))
            else:
                done = _evaluate(calls, seen, done)
        return done._replace(seconds=perf_counter() - begin)


def net_of(estimator: Any) -> Any:
    """Give the multi-task net of an estimator or at the end of a Pipeline, or None."""
    net = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    return net if hasattr(net, "_fit_candidates") else None


def _evaluate(calls: list[Call], seen: dict[int, _Seen | None], done: Done) -> Done:
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
    candidates = list(dict.fromkeys(call.candidate for call in calls))
    nets = [_net_of_candidate(calls, candidate) for candidate in candidates]
    known = [nets[0]._rows_of_split(s.X, s.y, **s.params) for s in splits.values()]
    outcome = nets[0]._fit_candidates(nets, known)
    share = (perf_counter() - begin) / len(calls)
    places = {split: s for s, split in enumerate(splits)}
    for call in calls:
        of_split = outcome.fitted[places[call.split]]
        fitted = of_split[candidates.index(call.candidate)]
        _let_be(call.estimator, splits[call.split].steps, fitted)
        result = call.run()
        result["fit_time"] += share
        done.results.append((call.position, result))
    return done._replace(
        n_stacks=done.n_stacks + outcome.n_stacks,
        n_members=max(done.n_members, outcome.n_members),
        n_bytes=max(done.n_bytes, outcome.n_bytes),
    )


def _net_of_candidate(calls: list[Call], candidate: int) -> Any:
    call = next(call for call in calls if call.candidate == candidate)
    estimator = clone(call.estimator)
    return net_of(estimator.set_params(**clone(call.how["parameters"], safe=False)))


def _one_by_one(calls: list[Call]) -> list[tuple[int, dict[str, Any]]]:
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
        net_of(estimator)._adopt(fitted, y)
        return estimator

    vars(estimator)["fit"] = fit


class Group(NamedTuple):
    """What a candidate has in common with others.

    Attributes
    ----------
    steps : hashable
        Equal for those that share the steps before the net; None without such steps.
    shape : hashable
        Equal for those that may share a stack.
    n_members : int
        Members that it has in a stack.
    """

    steps: Hashable
    shape: Hashable
    n_members: int


class Plan(NamedTuple):
    """Jobs of a search, and the networks that are trained in stacks."""

    jobs: list[Job]
    n_members: int

    def __str__(self) -> str:
        alone = sum(job.alone for job in self.jobs)
        n_shapes = sum(len(job.shapes) for job in self.jobs if not job.alone)
        said = []
        if n_shapes:
            said.append(f"{self.n_members} members of {n_shapes} shapes in stacks")
        if alone:
            said.append(f"{alone} fits by themselves")
        return " and ".join(said)


def plan_of(calls: Iterable[Call], n_workers: int) -> Plan:
    """Group calls: those whose networks have the same shapes together.

    What is before the net is fitted once a split: workers share the splits. Without
    such steps they share the candidates.
    """
    calls = list(calls)
    groups = _groups_of_candidates(calls)
    jobs = [Job([[call]], alone=True) for call in calls if call.candidate not in groups]
    of_job: dict[Hashable, dict[Group, list[Call]]] = {}
    stacked = [call for call in calls if call.candidate in groups]
    for call in stacked:
        group = groups[call.candidate]
        key = (group,) if group.steps is None else group.steps
        of_job.setdefault(key, {}).setdefault(group, []).append(call)
    n_parts = -(-n_workers // max(1, len(of_job)))
    for shapes in of_job.values():
        has_steps = next(iter(shapes)).steps is not None
        for part in range(n_parts):
            own = [_part(known, part, n_parts, has_steps) for known in shapes.values()]
            jobs += [Job(own)] if any(own) else []
    return Plan(jobs, sum(groups[call.candidate].n_members for call in stacked))


def _part(calls: list[Call], part: int, n_parts: int, has_steps: bool) -> list[Call]:
    """Every so-manieth split, or candidate."""
    numbers = [call.split if has_steps else call.candidate for call in calls]
    order = {number: i for i, number in enumerate(dict.fromkeys(numbers))}
    return [
        call
        for call, number in zip(calls, numbers, strict=True)
        if order[number] % n_parts == part
    ]


def _groups_of_candidates(calls: list[Call]) -> dict[int, Group]:
    """Tell what candidates have in common; those not in it are fitted by themselves."""
    first = {call.candidate: call for call in reversed(calls)}
    searched = {name for call in first.values() for name in call.how["parameters"]}
    groups = {}
    for candidate, call in first.items():
        group = _group_of(call.estimator, call.how["parameters"], searched)
        if group is not None:
            groups[candidate] = group
    return groups


def _group_of(
    estimator: Any, parameters: dict[str, Any], searched: set[str]
) -> Group | None:
    prefix = f"{estimator.steps[-1][0]}__" if isinstance(estimator, Pipeline) else ""
    replaces_net = not {"steps", prefix[:-2]}.isdisjoint(parameters)
    if net_of(estimator) is None or (prefix and replaces_net):
        return None
    probe = clone(estimator)
    try:
        net = net_of(probe.set_params(**clone(parameters, safe=False)))
    except Exception:  # alone, it tells of the error
        return None
    if net is None:
        return None
    of_net = {n.removeprefix(prefix) for n in searched if n.startswith(prefix)}
    agree = net._parameters_of_stack({_root(name) for name in of_net})
    if agree is None:
        return None
    shape = tuple(
        (name, frozen(_value(prefix + name, parameters, estimator)))
        for name in sorted(of_net)
        if _root(name) in agree
    )
    steps = None
    if prefix:
        steps = tuple(
            (name, frozen(_value(name, parameters, estimator)))
            for name in sorted(searched)
            if not name.startswith(prefix)
        )
    return Group(steps, shape, net._members_of_candidate())


def _root(name: str) -> str:
    return name.partition("__")[0]


def _value(name: str, parameters: dict[str, Any], estimator: Any) -> Any:
    """Value of a parameter; None of one within another, where it is not searched."""
    if name in parameters:
        return parameters[name]
    return vars(estimator).get(name) if "__" not in name else None


def frozen(value: Any) -> Hashable:
    """Make something of a parameter that is equal for equal values."""
    if isinstance(value, BaseEstimator):
        return type(value), frozen(value.get_params(deep=False))
    if isinstance(value, dict):
        return dict, tuple((key, frozen(entry)) for key, entry in value.items())
    if isinstance(value, list | tuple):
        return type(value), tuple(map(frozen, value))
    if isinstance(value, np.generic):
        return frozen(value.item())
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value.dtype.str, value.shape, value.tobytes()
    try:
        hash(value)
    except TypeError:
        return id(value)
    return type(value), value


def asked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Stand where searches look for joblib's ``delayed``."""

    def call(*arguments: Any, **keywords: Any) -> Any:
        return function, arguments, keywords

    return call


class StackedCalls:
    """Stands where searches look for joblib's ``Parallel``.

    Parameters
    ----------
    n_jobs : int or None
    pre_dispatch : int or str
        Of jobs that are no stacks.
    """

    def __init__(self, n_jobs: int | None = None, pre_dispatch: Any = "all") -> None:
        self.n_jobs, self.pre_dispatch = n_jobs, pre_dispatch

    def __enter__(self) -> StackedCalls:
        return self

    def __exit__(self, *_: Any) -> None:
        pass

    def __call__(self, calls: Iterable[Any]) -> list[dict[str, Any]]:
        """Evaluate what `asked` made, and give results in the same order."""
        known = [
            Call(position, function, *arguments, keywords)  # type: ignore[call-arg]
            for position, (function, arguments, keywords) in enumerate(calls)
        ]
        says = bool(known) and known[0].how["verbose"] > 0
        parallel = Parallel(
            n_jobs=self.n_jobs,
            pre_dispatch=self.pre_dispatch,
            return_as="generator_unordered" if says else "list",
        )
        plan = plan_of(known, parallel._effective_n_jobs())
        if says:
            print(plan)
        done: Iterable[Done] = parallel(delayed(job.run)() for job in plan.jobs)
        if says:
            done = _told(done, plan)
        results = dict(result for of_job in done for result in of_job.results)
        return [results[position] for position in range(len(known))]


def _told(of_jobs: Iterable[Done], plan: Plan) -> Iterator[Done]:
    """Print how far a search is, job by job."""
    begin, n_jobs = perf_counter(), len(plan.jobs)
    for number, done in enumerate(of_jobs, start=1):
        passed = perf_counter() - begin
        size = ""
        if done.n_stacks:
            size = (
                f" in {done.n_stacks} stacks of at most {done.n_members} members and "
                f"{done.n_bytes / 2**20:.0f} MB"
            )
        print(
            f"[{number}/{n_jobs}] {len(done.results)} fits{size}, "
            f"{done.seconds:.1f} s; about {passed / number * (n_jobs - number):.0f} s "
            "left"
        )
        yield done
