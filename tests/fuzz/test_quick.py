"""The short form of the search for faults: few inputs of each kind, always the same."""

from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz import calls, faults, tables
from tests.fuzz.recipes import Recipe
from tests.fuzz.run import fuzz, input_of, made_small, tried
from tests.fuzz.strategies import RECIPES
from tests.fuzz.wrong import Wrong, expect_same_state


@settings(
    max_examples=15,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(RECIPES)
def test_tables(recipe):
    tables.check(recipe)


@pytest.mark.parametrize(("module", "n_inputs"), [(calls, 25), (faults, 8)])
def test_calls_and_faults(module, n_inputs):
    for number in range(n_inputs):
        drawn = module.drawn(np.random.default_rng([0, number]))
        _, kind, detail = tried(module.check, drawn)
        assert kind is None, f"{kind}: {detail}\n{drawn}"


# The search itself


def test_number_says_the_input():
    assert [input_of(3, n) for n in range(9)] == [input_of(3, n) for n in range(9)]
    assert input_of(3, 0) != input_of(4, 0)


def wrong_where_words(recipe):
    if "words" in recipe.features:
        raise Wrong("words", "seen")
    return False


def test_findings_are_counted_and_made_small(monkeypatch):
    monkeypatch.setattr(tables, "check", wrong_where_words)
    monkeypatch.setattr("tests.fuzz.run.SHARES", (1, 0, 0))
    counts, findings = fuzz(0, 0.002, say=lambda *_, **__: None)
    (kind,) = findings
    assert kind == "tables: words"
    assert 0 < counts["wrong"] == len(findings[kind]) < counts["tables"]
    small = made_small("tables", findings[kind][0].given, "words")
    assert small.features == ("words",)
    assert small.parameters == ()
    assert small.labels[1:] == ()


def test_change_of_an_estimator_is_seen():
    class Net:
        pass

    net = Net()
    net.fitted_ = 1
    with pytest.raises(Wrong, match="half changed"):
        expect_same_state(net, {"fitted_": 2}, "fit")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (KeyError("x0"), "raw KeyError"),
        (ValueError("bad input"), "nothing named"),
        (ValueError("column 'x0 float' holds inf"), None),
    ],
)
def test_raw_error_is_told_from_a_message(monkeypatch, error, kind):
    fit = Mock(side_effect=error)
    monkeypatch.setattr("sklearn_mtl.MultiTaskNetEstimator.fit", fit)
    refused, found, _ = tried(tables.check, Recipe())
    assert refused is (kind is None)
    assert kind is None or found.startswith(kind)
