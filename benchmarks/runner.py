"""Measure the cases of a benchmark in fresh processes, and keep what was measured."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import data, report, results
from benchmarks.benchmark import HERE, Benchmark, Case, Plan, Run, find, is_of

ROOT = HERE.parent
PACKAGE = "sklearn_mtl"
THREAD_VARIABLES = "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"


def update(name: str, plan: Plan, chosen: list[Case], *, again: bool) -> str:
    """Measure what has no result yet, or all of it again; return the section.

    Each run is kept as soon as it is there. Of a shortened plan nothing is.
    """
    benchmark, trial = find(name), plan.shorten > 1
    known = [] if trial else results.read(name).runs
    pending = [
        case for case in chosen if again or not any(is_of(run, case) for run in known)
    ]
    machine, runs = report.machine(threads(name, chosen)), []
    for group in groups(name, pending):
        for case, run in zip(group, measure(name, plan, group), strict=True):
            print(report.label(case), flush=True)
            runs.append(run)
            if not trial:
                results.keep(name, case, run, machine)
    kept = results.Results(runs, "") if trial else results.read(name)
    if not kept.runs:
        return f"{name}: there is nothing to show."
    section = report.section(benchmark, kept)
    if not trial:
        if pending:
            report.draw(name, kept.runs)
        if complete(benchmark, kept.runs):
            report.write_section(benchmark.title, section)
        else:
            section += "\n\nThe page is left as it is: some cases have no result yet."
    return section


def complete(benchmark: Benchmark, runs: list[Run]) -> bool:
    cases = benchmark.cases(Plan(benchmark.rounds))
    return all(any(is_of(run, case) for run in runs) for case in cases)


def compare(name: str, plan: Plan, chosen: list[Case], other: Path) -> str:
    """Measure two checkouts in turn, A B A B, a fresh process each time."""
    once = replace(plan, rounds=1)
    pairs = []
    for case in chosen:
        sides: list[list[Run]] = [[], []]
        for _ in range(plan.rounds):
            for side, checkout in zip(sides, (ROOT, other), strict=True):
                side += measure(name, once, [case], checkout)
        pairs.append((case, joined(sides[0]), joined(sides[1])))
        print(report.ratios(pairs[-1:]), flush=True)
    return report.ratios(pairs)


def joined(runs: list[Run]) -> dict[str, list[float]]:
    """Figures of several runs of one case, a round after the other."""
    lists = [name for name, value in runs[0].items() if isinstance(value, list)]
    return {name: [figure for run in runs for figure in run[name]] for name in lists}


def choose(name: str, plan: Plan, only: list[list[str]]) -> list[Case]:
    """Cases that have one of the values of each list, and whose table is here."""
    cases = [
        case
        for case in find(name).cases(plan)
        if all(any(str(value) in words for value in case.values()) for words in only)
    ]
    wanted = {table for case in cases if (table := find(name).needs(case))}
    absent = {table for table in wanted if not data.is_here(table)}
    if absent:
        print(
            f"{name} goes without {', '.join(sorted(absent))}: SKLEARN_MTL_DATA names "
            "no folder that has it."
        )
    return [case for case in cases if find(name).needs(case) not in absent]


def groups(name: str, cases: list[Case]) -> list[list[Case]]:
    """Cases that share a process: none where time or memory is measured."""
    if find(name).timed:
        return [[case] for case in cases]
    return [cases] if cases else []


def threads(name: str, cases: list[Case]) -> list[int]:
    return sorted({case.get("threads", find(name).threads) for case in cases})


def measure(
    name: str, plan: Plan, cases: list[Case], checkout: Path = ROOT
) -> Iterator[Run]:
    """Measure cases in one fresh process, with the package of a checkout."""
    (n_threads,) = threads(name, cases)
    package = (checkout / PACKAGE).resolve()
    task: dict[str, Any] = {
        "name": name,
        "plan": asdict(plan),
        "cases": cases,
        "threads": n_threads,
        "package": str(package),
    }
    with TemporaryDirectory() as folder:
        # The package alone comes from the checkout, the benchmarks are these.
        Path(folder, PACKAGE).symlink_to(package)
        paths = [folder, str(ROOT), os.environ.get("PYTHONPATH", "")]
        environment = {
            **os.environ,
            **dict.fromkeys(THREAD_VARIABLES, str(n_threads)),
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "PYTHONSAFEPATH": "1",
        }
        with subprocess.Popen(
            [sys.executable, "-m", "benchmarks.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        ) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(json.dumps(task))
            child.stdin.close()
            yield from map(json.loads, child.stdout)
        if child.returncode:
            raise SystemExit(f"{name} failed; what was measured before is kept.")
