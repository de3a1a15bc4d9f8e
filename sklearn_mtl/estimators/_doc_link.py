"""Where the documentation of an estimator stands, for its HTML representation."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any


class DocumentationLink:
    """The links of scikit-learn's HTML representation, to pages of this package.

    The address of the pages is the project URL "Documentation" in `pyproject.toml`, as
    it was installed. Without one there are no links.
    """

    _doc_link_module = "sklearn_mtl"

    @property
    def _doc_link_template(self) -> str:
        site = documentation_site()
        return f"{site}/generated/sklearn_mtl.{{name}}.html" if site else ""

    def _doc_link_url_param_generator(self) -> dict[str, Any]:
        return {"name": type(self).__name__}


@cache
def documentation_site() -> str:
    """Address of the documentation; empty where the installed package names none."""
    try:
        urls = metadata("sklearn-mtl").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    named = dict(url.split(", ", maxsplit=1) for url in urls)
    return named.get("Documentation", "").rstrip("/")
