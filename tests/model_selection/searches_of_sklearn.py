"""scikit-learn's own tests of its searches, run on those of this package.

``python -m tests.model_selection.searches_of_sklearn [arguments of pytest]``, from the
root of a checkout. A minute or two. In their text the names of scikit-learn's searches
are replaced by those of this package; all of its tests run but these:

- of the array API, skipped by scikit-learn where no other array library is installed;
- `test_parameters_sampler_replacement`, of scikit-learn's `ParameterSampler`: it looks
  for the name of a search in a warning.
"""

import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

SEARCHES = (
    "GridSearchCV",
    "RandomizedSearchCV",
    "HalvingGridSearchCV",
    "HalvingRandomSearchCV",
)
MODULES = ("test_search", "test_successive_halving")
LEFT_OUT = "not test_parameters_sampler_replacement"


def rewritten(text: str) -> str:
    """Replace the names of searches below the imports."""
    first = re.search(r"^(class|def|@)", text, re.MULTILINE).start()
    imports = ", ".join(f"Stacked{name}" for name in SEARCHES)
    names = re.compile(rf"\b({'|'.join(SEARCHES)})\b")
    body = names.sub(r"Stacked\1", text[first:])
    return (
        f"{text[:first]}\nfrom sklearn_mtl.model_selection import {imports}\n\n{body}"
    )


def main(arguments: list[str]) -> int:
    with TemporaryDirectory() as folder:
        files = []
        for module in MODULES:
            found = find_spec(f"sklearn.model_selection.tests.{module}")
            files.append(Path(folder) / f"{module}_stacked.py")
            text = Path(found.origin).read_text(encoding="utf-8")
            files[-1].write_text(rewritten(text), encoding="utf-8")
        plugins = ["-p", "no:cacheprovider", "-W", "ignore", "-k", LEFT_OUT]
        rooted = [f"--rootdir={folder}", "-c", os.devnull]
        return pytest.main([*map(str, files), *plugins, *rooted, "-q", *arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
