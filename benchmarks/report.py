"""Results as Markdown, in their sections of docs/benchmarks.md."""

import os
import platform
import re
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from benchmarks.benchmark import HERE, Benchmark, Case, Plan, Run, is_of
from benchmarks.results import Results

DOCS = HERE.parent / "docs"
PAGE = DOCS / "benchmarks.md"
FIGURES = DOCS / "figures"

Figures = dict[str, list[float]]
"""What was measured in each round."""


def table(header: Sequence[str], rows: Sequence[Sequence[str]], text: int = 1) -> str:
    """Lay out a table whose first columns are text and whose others are figures."""
    ruler = ["---"] * text + ["--:"] * (len(header) - text)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [header, ruler, *rows])


def section(benchmark: Benchmark, results: Results) -> str:
    cases = benchmark.cases(Plan(benchmark.rounds))

    def position(run: Run) -> int:
        found = (i for i, case in enumerate(cases) if is_of(run, case))
        return next(found, len(cases))

    texts = benchmark.table(sorted(results.runs, key=position))
    return "\n\n".join([*filter(None, texts), results.machine]).strip()


def marked(title: str, text: str) -> str:
    return f"<!-- begin: {title} -->\n{text}\n<!-- end: {title} -->"


def write_section(title: str, text: str) -> None:
    """Replace what stands between the marks of a section of the page.

    A section that the page does not have yet is put at its end.
    """
    page = PAGE.read_text()
    begin, end = marked(re.escape(title), "").split("\n\n")
    pattern = f"{begin}.*?{end}"
    if not re.search(pattern, page, flags=re.DOTALL):
        page = f"{page.rstrip()}\n\n## {title}\n\n{marked(title, '')}\n"
    new = marked(title, text)
    PAGE.write_text(re.sub(pattern, lambda _: new, page, flags=re.DOTALL))


def draw(name: str, runs: list[Run]) -> None:
    """Draw the figure of a benchmark that has one."""
    if (HERE / "figures" / f"{name}.py").exists():
        figure = import_module(f"benchmarks.figures.{name}").draw(runs)
        figure.savefig(FIGURES / f"{name}.png", dpi=120, bbox_inches="tight")


def n_seeds(runs: list[Run]) -> int:
    return len({run["seed"] for run in runs})


def figure_link(name: str, caption: str) -> str:
    return f"![{caption}](figures/{name}.png)"


def ratios(pairs: list[tuple[Case, Figures, Figures]]) -> str:
    """Medians of two checkouts, and the median of their ratios within a round."""
    rows = []
    for case, new, old in pairs:
        for name in new:
            medians = (f"{np.median(side[name]):.4g}" for side in (new, old))
            ratio = np.median(np.divide(new[name], old[name]))
            rows.append([label(case), name, *medians, f"{ratio:.3f}"])
    return table(["case", "figure", "new", "old", "new / old"], rows, text=2)


def label(case: Case) -> str:
    return ", ".join(
        f"{name} {value}" if isinstance(value, int | float) else str(value)
        for name, value in case.items()
    )


def machine(threads: Sequence[int]) -> str:
    """Versions and processor that a table was measured with."""
    names = {"NumPy": "numpy", "scikit-learn": "scikit-learn"}
    names |= {"skorch": "skorch", "torch": "torch"}
    versions = ", ".join(f"{name} {version(names[name])}" for name in names)
    parts = [
        f"Python {platform.python_version()}, {versions}",
        f"{processor()}, {os.cpu_count()} cores, {' and '.join(map(str, threads))} "
        "threads",
        *([torch.cuda.get_device_name()] if torch.cuda.is_available() else []),
    ]
    return "; ".join(parts) + "."


def processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        found = re.search(r"model name\s*:\s*(.+)", info.read_text())
        if found:
            return found[1]
    return platform.processor() or platform.machine()
