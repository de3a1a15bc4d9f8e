"""Tables of results into docs/benchmarks.md, one section a script."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

import numpy
import sklearn
import skorch
import torch

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def write_section(title: str, text: str) -> None:
    """Replace what stands between the marks of a section of the page.

    A section that the page does not have yet is put at its end.
    """
    begin, end = (f"<!-- {word}: {title} -->" for word in ("begin", "end"))
    page = PAGE.read_text()
    pattern = f"{re.escape(begin)}.*?{re.escape(end)}"
    if not re.search(pattern, page, flags=re.DOTALL):
        page = f"{page.rstrip()}\n\n## {title}\n\n{begin}\n{end}\n"
    section = f"{begin}\n{text.strip()}\n{end}"
    PAGE.write_text(re.sub(pattern, lambda _: section, page, flags=re.DOTALL))


def machine(threads: str | None = None) -> str:
    """Versions and processor that a table was measured with.

    `threads` says how many there were; by default those of this process.
    """
    threads = threads or str(torch.get_num_threads())
    return (
        f"Python {platform.python_version()}, NumPy {numpy.__version__}, scikit-learn "
        f"{sklearn.__version__}, skorch {skorch.__version__}, torch "
        f"{torch.__version__}; {processor()}, {os.cpu_count()} cores, "
        f"{threads} threads."
    )


def processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        found = re.search(r"model name\s*:\s*(.+)", info.read_text())
        if found:
            return found[1]
    return platform.processor() or platform.machine()
