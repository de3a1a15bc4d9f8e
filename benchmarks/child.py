"""A fresh process that measures cases: told on stdin, answered by a run a line."""

import json
import os
import sys
from pathlib import Path

from benchmarks.benchmark import Plan, find


def main() -> None:
    task = json.load(sys.stdin)
    # What the measured code prints must not mix with the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    import sklearn_mtl

    package = Path(sklearn_mtl.__file__).resolve().parent
    if package != Path(task["package"]):
        raise SystemExit(f"{package} was imported instead of {task['package']}.")
    import torch

    torch.set_num_threads(task["threads"])
    benchmark, plan = find(task["name"]), Plan(**task["plan"])
    for case in task["cases"]:
        run = case | benchmark.measure(plan, **case)
        print(json.dumps(run), file=answers, flush=True)


if __name__ == "__main__":
    main()
