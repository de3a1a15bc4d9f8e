"""Files of results: what was measured, a run a line, and on which machine."""

import json
from typing import NamedTuple

from benchmarks.benchmark import HERE, Case, Run, is_of

FOLDER = HERE / "results"


class Results(NamedTuple):
    runs: list[Run]
    machine: str
    """Versions, processor and threads of the latest run."""


def read(name: str) -> Results:
    path = FOLDER / f"{name}.json"
    if not path.exists():
        return Results([], "")
    return Results(**json.loads(path.read_text()))


def keep(name: str, case: Case, run: Run, machine: str) -> None:
    """Write one run, beside what another process has written in the meantime."""
    runs = [known for known in read(name).runs if not is_of(known, case)]
    write(name, Results([*runs, run], machine))


def write(name: str, results: Results) -> None:
    lines = ",\n".join(json.dumps(run, ensure_ascii=False) for run in results.runs)
    machine = json.dumps(results.machine)
    text = f'{{\n"machine": {machine},\n"runs": [\n{lines}\n]\n}}\n'
    (FOLDER / f"{name}.json").write_text(text)
