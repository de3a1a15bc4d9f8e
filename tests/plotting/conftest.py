"""Figures that are closed after each test."""

import pytest


@pytest.fixture
def plt():
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")
