"""What scikit-learn's searches call for their fits, in place of joblib."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from time import perf_counter, time
from typing import Any

from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.parallel import Parallel, delayed

from sklearn_mtl.exceptions import warn
from sklearn_mtl.model_selection._groups_of_members import without_single_group
from sklearn_mtl.model_selection._stacked_jobs import Call, Done
from sklearn_mtl.model_selection._stacked_plan import Plan, plan_of
from sklearn_mtl.model_selection._stacked_rounds import Rounds, epochs_are_the_resource


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
    time_limit : float or None
        Seconds from now for all calls to come.
    handed : dict or None
        Groups that were handed on to the net, as an argument of `fit`.
    """

    def __init__(
        self,
        n_jobs: int | None = None,
        pre_dispatch: Any = "all",
        time_limit: float | None = None,
        handed: dict[str, Any] | None = None,
    ) -> None:
        self.n_jobs, self.pre_dispatch = n_jobs, pre_dispatch
        self.time_limit, self.handed = time_limit, handed or {}
        self._until = None if time_limit is None else time() + time_limit
        self._rounds: Rounds | None = None

    def __enter__(self) -> StackedCalls:
        return self

    def __exit__(self, *_: Any) -> None:
        pass

    def __call__(self, calls: Iterable[Any]) -> list[dict[str, Any]]:
        """Evaluate what `asked` made, and give results in the same order."""
        known = [
            self._call(position, function, *arguments, **keywords)
            for position, (function, arguments, keywords) in enumerate(calls)
        ]
        says = bool(known) and known[0].how["verbose"] > 0
        parallel = Parallel(
            n_jobs=self.n_jobs,
            pre_dispatch=self.pre_dispatch,
            return_as="generator_unordered" if says else "list",
        )
        n_workers = parallel._effective_n_jobs()
        plan = self._plan(known, n_workers).timed(self._until, n_workers)
        if says:
            print(plan)
        done: Iterable[Done] = parallel(delayed(job.run)() for job in plan.jobs)
        if says:
            done = _told(done, plan)
        results: dict[int, dict[str, Any]] = {}
        n_broken_off = 0
        for of_job in done:
            results.update(of_job.results)
            n_broken_off += of_job.n_broken_off
            if self._rounds is not None:
                self._rounds.keep(known, of_job)
        if n_broken_off:
            warn(
                f"time_limit={self.time_limit!r} seconds ended {n_broken_off} of "
                f"{len(known)} fits: those that had begun are scored by what they had "
                "learned. Raise it, or try fewer candidates.",
                ConvergenceWarning,
            )
        return [results[position] for position in range(len(known))]

    def _call(
        self,
        position: int,
        function: Callable[..., dict[str, Any]],
        estimator: Any,
        X: Any,
        y: Any,
        **how: Any,
    ) -> Call:
        how["fit_params"] = without_single_group(
            self.handed, how["fit_params"] or {}, how["train"]
        )
        return Call(position, function, estimator, X, y, how)

    def _plan(self, calls: list[Call], n_workers: int) -> Plan:
        return plan_of(calls, n_workers)


class StackedRounds(StackedCalls):
    """Stands where halving searches look for it: candidates that are left go on."""

    def _plan(self, calls: list[Call], n_workers: int) -> Plan:
        if not epochs_are_the_resource(calls):
            return super()._plan(calls, n_workers)
        self._rounds = self._rounds or Rounds()
        going_on = self._rounds.going_on(calls)
        known = {call.position for job in going_on for call in job.calls}
        others = [call for call in calls if call.position not in known]
        plan = plan_of(others, n_workers, pauses=True)
        return plan._replace(jobs=[*going_on, *plan.jobs])


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
