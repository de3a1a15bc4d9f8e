"""Recipes for hypothesis, which finds the smallest that fails."""

from hypothesis import strategies as st

from tests.fuzz.containers import CONTAINERS, FOR_LABELS
from tests.fuzz.features import FEATURES
from tests.fuzz.parameters import ALLOWED
from tests.fuzz.recipes import ESTIMATORS, SIZES, WEIGHTS, Recipe

PARAMETERS = [(name, at) for name in ALLOWED for at in range(len(ALLOWED[name]))]


def some(values, smallest, largest, **more):
    lists = st.lists(
        st.sampled_from(values), min_size=smallest, max_size=largest, **more
    )
    return lists.map(tuple)


def recipes_for(estimator):
    return st.builds(
        Recipe,
        estimator=st.just(estimator),
        features=some(list(FEATURES), 1, 5),
        labels=some(ESTIMATORS[estimator][1], 1, 3),
        X_in=st.sampled_from(list(CONTAINERS)),
        y_in=st.sampled_from(FOR_LABELS),
        weights=st.sampled_from(WEIGHTS),
        parameters=some(PARAMETERS, 0, 3, unique_by=lambda pair: pair[0]),
        n_rows=st.sampled_from(SIZES),
        seed=st.integers(0, 999),
    )


RECIPES = st.sampled_from(list(ESTIMATORS)).flatmap(recipes_for)
