from email.message import Message

import pytest

from sklearn_mtl import MultiTaskNetClassifier, MultiTaskNetRegressor
from sklearn_mtl.estimators import _doc_link


@pytest.fixture
def installed(monkeypatch):
    """Stand in for what the installed package says of itself."""
    said = Message()
    monkeypatch.setattr(_doc_link, "metadata", lambda name: said)
    _doc_link.documentation_site.cache_clear()
    yield said
    _doc_link.documentation_site.cache_clear()


@pytest.mark.parametrize("cls", [MultiTaskNetClassifier, MultiTaskNetRegressor])
def test_html_links_to_the_page_of_the_class(cls, installed):
    installed["Project-URL"] = "Source, https://example.org/source"
    installed["Project-URL"] = "Documentation, https://example.org/docs/"
    page = f"https://example.org/docs/generated/sklearn_mtl.{cls.__name__}.html"
    assert page in cls()._repr_html_()


def test_subclass_of_a_user_has_no_page(installed):
    installed["Project-URL"] = "Documentation, https://example.org"
    own = type("Own", (MultiTaskNetRegressor,), {"__module__": "own"})
    assert "example.org" not in own()._repr_html_()


def test_no_link_leads_nowhere(installed):
    assert 'href="http' not in MultiTaskNetRegressor()._repr_html_()
