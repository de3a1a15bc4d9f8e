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

from sklearn_mtl.exceptions import warn

MEMBERS_AT_ONCE = 64
"""Most members of a stack of several candidates; bounds the memory, and larger ones
are hardly faster."""

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
    """Results of a job, and what it took."""

    results: list[tuple[int, dict[str, Any]]]
    n_members: int
    n_bytes: int
    seconds: float


class Job(NamedTuple):
    """Stacks of one split whose steps before the net are alike, or one single fit."""

    stacks: list[list[Call]]
    alone: bool = False

    def run(self) -> Done:
        """Evaluate all calls."""
        begin = perf_counter()
        if self.alone:
            results = [(call.position, call.run()) for s in self.stacks for call in s]
            return Done(results, 0, 0, perf_counter() - begin)
        results, sizes = evaluate_stacks(self.stacks)
        n_members, n_bytes = np.max([(0, 0), *sizes], axis=0).tolist()
        return Done(results, n_members, n_bytes, perf_counter() - begin)


def net_of(estimator: Any) -> Any:
    """Give the multi-task net of an estimator or at the end of a Pipeline, or None."""
    net = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    return net if hasattr(net, "_fit_candidates") else None


def evaluate_stacks(
    stacks: list[list[Call]],
) -> tuple[list[tuple[int, dict[str, Any]]], list[tuple[int, int]]]:
    """Train and score candidates; results by position, members and bytes of stacks."""
    results: list[tuple[int, dict[str, Any]]] = []
    sizes = []
    seen: Any = None
    for stack in stacks:
        for call in stack:
            call.estimator.set_params(**clone(call.how["parameters"], safe=False))
        begin = perf_counter()
        try:
            seen = seen or _seen_by_net(stack[0])
            outcome = _outcome(stack, seen)
        except Exception as error:
            # Alone they say which candidates the error is of, and what becomes of it.
            results += _one_by_one(stack, error)
            continue
        if outcome is None:
            results += _one_by_one(stack)
            continue
        sizes.append((outcome.n_members, outcome.n_bytes))
        share = (perf_counter() - begin) / len(stack)
        for call, fitted in zip(stack, outcome.fitted, strict=True):
            _let_be(call.estimator, seen.steps, fitted)
            result = call.run()
            result["fit_time"] += share
            results.append((call.position, result))
    return results, sizes


def _one_by_one(
    stack: list[Call], error: Exception | None = None
) -> list[tuple[int, dict[str, Any]]]:
    results = [(call.position, call.run()) for call in stack]
    if error is not None and any(r["fit_error"] is None for _, r in results):
        warn(
            f"{len(stack)} candidates could not be fitted side by side "
            f"({type(error).__name__}: {error}); they were fitted one by one."
        )
    return results


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


def _seen_by_net(call: Call) -> _Seen:
    """Fit the steps before the net on the rows of the split that are trained on."""
    train = np.asarray(call.how["train"])
    X, y = (_safe_indexing(values, train) for values in (call.X, call.y))
    params = _check_method_params(
        call.X, params=call.how["fit_params"] or {}, indices=train
    )
    if not isinstance(call.estimator, Pipeline):
        return _Seen([], X, y, params)
    pipeline = clone(call.estimator)
    name, net = pipeline.steps[-1]
    pipeline.steps[-1] = (name, _Recorder(net))
    pipeline.fit(X, y, **params)
    return _Seen(pipeline.steps[:-1], *pipeline.steps[-1][1].seen_)


def _outcome(stack: list[Call], seen: _Seen) -> Any:
    """Train the candidates of a stack; None if they are to be fitted by themselves."""
    if not OF_ROWS.issuperset(seen.params):
        return None
    nets = [net_of(call.estimator) for call in stack]
    return nets[0]._fit_candidates(nets, seen.X, seen.y, **seen.params)


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
    """Jobs of a search, and the members of the largest stack."""

    jobs: list[Job]
    most_members: int

    def __str__(self) -> str:
        alone = sum(job.alone for job in self.jobs)
        n_stacks = sum(len(job.stacks) for job in self.jobs if not job.alone)
        said = []
        if n_stacks:
            said.append(f"{n_stacks} stacks of at most {self.most_members} members")
        if alone:
            said.append(f"{alone} fits by themselves")
        return " and ".join(said)


def plan_of(calls: Iterable[Call]) -> Plan:
    """Group calls: those of one split and of networks of the same shapes together."""
    calls = list(calls)
    groups = _groups_of_candidates(calls)
    jobs = [Job([[call]], alone=True) for call in calls if call.candidate not in groups]
    of_job: dict[Any, dict[Group, list[Call]]] = {}
    for call in calls:
        group = groups.get(call.candidate)
        if group is not None:
            # One stack a job, unless what is before the net is fitted for several.
            job = (call.split, group.steps, group if group.steps is None else None)
            of_job.setdefault(job, {}).setdefault(group, []).append(call)
    most_members = 0
    for stacks in of_job.values():
        cut = []
        for group, stack in stacks.items():
            size = max(1, MEMBERS_AT_ONCE // group.n_members)
            most_members = max(most_members, min(size, len(stack)) * group.n_members)
            cut += [stack[i : i + size] for i in range(0, len(stack), size)]
        together = next(iter(stacks)).steps is not None
        jobs += [Job(cut)] if together else [Job([part]) for part in cut]
    return Plan(jobs, most_members)


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
    if prefix and not {"steps", prefix[:-2]}.isdisjoint(parameters):
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


class StackedCalls:
    """Stands where scikit-learn's searches look for ``joblib.Parallel``.

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
        """Evaluate calls (function, arguments, keyword arguments), in their order."""
        asked = [
            Call(position, function, *arguments, keywords)
            for position, (function, arguments, keywords) in enumerate(calls)
        ]
        plan = plan_of(asked)
        says = bool(asked) and asked[0].how["verbose"] > 0
        if says:
            print(plan)
        parallel = Parallel(
            n_jobs=self.n_jobs,
            pre_dispatch=self.pre_dispatch,
            return_as="generator_unordered" if says else "list",
        )
        of_jobs: Iterable[Done] = parallel(delayed(job.run)() for job in plan.jobs)
        if says:
            of_jobs = _told(of_jobs, plan)
        results = dict(result for done in of_jobs for result in done.results)
        return [results[position] for position in range(len(asked))]


def _told(of_jobs: Iterable[Done], plan: Plan) -> Iterator[Done]:
    """Print how far a search is, job by job."""
    begin, n_jobs = perf_counter(), len(plan.jobs)
    for number, done in enumerate(of_jobs, start=1):
        passed = perf_counter() - begin
        size = f", {done.n_bytes / 2**20:.0f} MB" if done.n_bytes else ""
        print(
            f"[{number}/{n_jobs}] {len(done.results)} fits{size}, "
            f"{done.seconds:.1f} s; about {passed / number * (n_jobs - number):.0f} s "
            "left"
        )
        yield done
