"""Which fits of a search are evaluated together."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, clone

from sklearn_mtl.model_selection._stacked_jobs import (
    Call,
    Job,
    JobOfPaused,
    Share,
    net_of,
    prefix_of,
)


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

    jobs: list[Job | JobOfPaused]
    n_members: int

    def timed(self, until: float | None, n_workers: int) -> Plan:
        """Let jobs share the time until an end."""
        n_jobs = len(self.jobs)
        shares = [Share(until, -(-(n_jobs - i) // n_workers)) for i in range(n_jobs)]
        timed = [
            job._replace(share=share)
            for job, share in zip(self.jobs, shares, strict=True)
        ]
        return self._replace(jobs=timed)

    def __str__(self) -> str:
        anew = [job for job in self.jobs if isinstance(job, Job)]
        alone = sum(job.alone for job in anew)
        n_shapes = sum(len(job.shapes) for job in anew if not job.alone)
        going_on = [job for job in self.jobs if isinstance(job, JobOfPaused)]
        said = []
        if going_on:
            n_fits = sum(len(job.calls) for job in going_on)
            said.append(f"{n_fits} fits go on in {len(going_on)} stacks")
        if n_shapes:
            said.append(f"{self.n_members} members in {n_shapes} stacks or more")
        if alone:
            said.append(f"{alone} fits by themselves")
        return " and ".join(said)


def plan_of(calls: Iterable[Call], n_workers: int, *, pauses: bool = False) -> Plan:
    """Group calls: those whose networks have the same shapes together.

    What is before the net is fitted once a split: workers share the splits. Without
    such steps they share the candidates. With `pauses`, candidates may go on later.
    """
    calls = list(calls)
    groups = _groups_of_candidates(calls)
    jobs: list[Job | JobOfPaused] = [
        Job([[call]], alone=True) for call in calls if call.candidate not in groups
    ]
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
            jobs += [Job(own, pauses=pauses)] if any(own) else []
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
    prefix = prefix_of(estimator)
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
