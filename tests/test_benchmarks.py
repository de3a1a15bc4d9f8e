"""Each benchmark is listed, and its results are the tables on the page."""

import json
from importlib import import_module

import numpy as np
import pytest

pytest.importorskip("pandas")
pytest.importorskip("benchmarks", reason="benchmarks/ is not in every distribution")

import pandas as pd

from benchmarks import report, results, runner
from benchmarks.benchmark import HERE, KINDS, Benchmark, Plan, catalogue, find, is_of
from benchmarks.quality import (
    _splits_of_groups,
    auxiliary,
    rare_labels,
    shifts,
    small_tables,
)
from benchmarks.quality._comparison import holm
from benchmarks.quality._held_out import MADE
from benchmarks.quality._study_tables import Compared
from benchmarks.quality.splits import LARGE
from benchmarks.speed import members, precision
from benchmarks.speed._member_nets import alike, multiply_adds
from benchmarks.timing import in_rounds, in_turns

PAGE = report.PAGE.read_text(encoding="utf-8") if report.PAGE.exists() else ""
MEASURED = sorted(file.stem for file in results.FOLDER.glob("*.json"))
DRAWN = sorted(file.stem for file in (HERE / "figures").glob("[!_]*.py"))
MODULES = sorted(
    f"benchmarks.{kind}.{file.stem}"
    for kind in KINDS
    for file in (HERE / kind).glob("*.py")
)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_listed_if_it_is_a_benchmark(module):
    is_benchmark = hasattr(import_module(module), "BENCHMARK")
    assert is_benchmark == (module in catalogue().values())


@pytest.mark.parametrize("name", catalogue())
def test_cases_are_told_apart_and_have_a_section(name):
    benchmark = find(name)
    cases = benchmark.cases(Plan(benchmark.rounds))
    assert json.loads(json.dumps(cases)) == cases
    told = [frozenset(case.items()) for case in cases]
    for case in told:
        assert sum(case <= other for other in told) == 1
    assert PAGE.count(f"<!-- begin: {benchmark.title} -->") == 1


@pytest.mark.parametrize("name", MEASURED)
def test_results_are_those_of_the_page(name):
    benchmark = find(name)
    section = report.section(benchmark, results.read(name))
    assert report.marked(benchmark.title, section) in PAGE


@pytest.mark.parametrize("name", DRAWN)
def test_figures_are_drawn_from_results(name, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    assert (report.FIGURES / f"{name}.png").exists()
    monkeypatch.setattr(report, "FIGURES", tmp_path)
    report.draw(name, results.read(name).runs)
    assert (tmp_path / f"{name}.png").stat().st_size > 10_000


def made(measured):
    """Make a benchmark of three cases; what is measured is noted."""

    def measure(name, plan, cases):
        for case in cases:
            measured.append(case["seed"])
            yield case | {"score": 0.5}

    benchmark = Benchmark(
        title="Made",
        cases=lambda plan: [{"seed": seed} for seed in range(plan.rounds)],
        measure=measure,
        table=lambda runs: [" ".join(str(run["seed"]) for run in runs)],
        rounds=3,
    )
    return benchmark, measure


def test_a_run_goes_on_where_it_was_and_then_writes_the_page(tmp_path, monkeypatch):
    measured = []
    benchmark, measure = made(measured)
    page = tmp_path / "page.md"
    page.write_text("# Page\n")
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    monkeypatch.setattr(report, "PAGE", page)
    monkeypatch.setattr(runner, "find", lambda name: benchmark)
    monkeypatch.setattr(runner, "measure", measure)

    plan = Plan(3)
    trial = runner.update("made", Plan(1, shorten=2), [{"seed": 0}], again=False)
    assert trial.startswith("0")
    assert not results.read("made").runs
    runner.update("made", plan, runner.choose("made", plan, [["2", "1"]]), again=False)
    assert page.read_text() == "# Page\n"
    runner.update("made", plan, runner.choose("made", plan, []), again=False)
    assert measured == [0, 1, 2, 0]
    assert "<!-- begin: Made -->\n0 1 2\n" in page.read_text()
    runner.update("made", plan, [{"seed": 1}], again=True)
    assert measured == [0, 1, 2, 0, 1]
    assert len(results.read("made").runs) == 3


def test_ratios_are_those_within_a_round():
    sides = {"ms": [1.0, 2.0, 9.0]}, {"ms": [2.0, 4.0, 9.0]}
    assert report.ratios([({"size": 3}, *sides)]).endswith(
        "| size 3 | ms | 2 | 4 | 0.500 |"
    )


def test_rivals_take_turns_and_the_first_round_is_not_counted():
    calls = []

    def rival(name):
        return lambda: calls.append(name) or float(len(calls))

    figures = in_turns({"a": rival("a"), "b": rival("b")}, 2)
    assert calls == ["a", "b"] * 3
    assert figures == {"a": [3.0, 5.0], "b": [4.0, 6.0]}


def test_figures_of_one_measurement_stay_in_their_round():
    figures = iter([{"a": 1.0}, {"a": 2.0}, {"a": 3.0}])
    assert in_rounds(lambda: next(figures), 2) == {"a": [2.0, 3.0]}


SMALL_PLAN = Plan(1, shorten=40)


@pytest.mark.parametrize(
    "case", [{"stopped": 7}, {"unlike": list(members.UNLIKE)[-1]}, {"columns": 1}]
)
def test_members_are_timed(case):
    figures = members.PARTS.measure(SMALL_PLAN, **case)
    lists = [value for value in figures.values() if isinstance(value, list)]
    assert len(lists) > 1
    assert all(value > 0 for (value,) in lists)
    assert members.as_table([case | figures])


def test_precision_is_timed_and_shown_where_some_sizes_are_too_large():
    size = "64x2, 64"
    run = {"size": size} | precision.measure(SMALL_PLAN, size)
    assert run["cpu float32"][0] > 0
    others = {f"cuda {name}": [3.0] for name in precision.FORMATS}
    page = precision.as_table([run | others, {"size": "1024x2, 4096"} | others])[0]
    assert [row.count("|") for row in page.splitlines()] == [7, 7, 7, 7]


def test_small_tables_are_ranked_where_every_model_was_measured():
    runs = [
        {"table": "a", "rows": 50, "model": model, "skill": [skill, skill]}
        for model, skill in (("net", 0.4), ("linear", 0.2))
    ]
    runs.append({"table": "b", "rows": 50, "model": "net", "skill": [0.9]})
    page = small_tables.as_table(runs)[0].splitlines()
    assert page[2:] == [
        "| a, 50 | **0.400** | 0.200 |",
        "| b, 50 | **0.900** |  |",
        "| mean skill of 1 | 0.400 | 0.200 |",
        "| mean rank of 1 | 1.000 | 2.000 |",
    ]


def test_the_rows_of_a_draw_are_not_tested():
    learned, tested = small_tables.draws(50, 300, draw=1)
    assert len(learned) == 50
    assert sorted([*learned, *tested]) == list(range(300))


def test_members_that_stay_though_they_stopped_are_not_timed(monkeypatch):
    monkeypatch.setattr("sklearn_mtl.training._net.can_part", lambda net: False)
    with pytest.raises(AssertionError, match="0 members left, not 4"):
        members.PARTS.measure(SMALL_PLAN, stopped=4)


def test_members_of_half_the_depth_do_without_the_products_of_a_layer():
    stack = alike(4, (8, 8), 50, n_folds=0)
    shallow = members.half_as_deep(stack)
    assert shallow.depth.tolist() == [2, 2, 1, 1]
    assert multiply_adds(stack, (8, 8)) == 4 * (32 * 8 + 8 * 8 + 8 * 4)
    assert multiply_adds(shallow, (8, 8)) == 4 * (32 * 8 + 8 * 4) + 2 * 8 * 8


def test_members_out_of_their_stack_keep_what_is_their_own_and_the_folds_of_all():
    stack = members.spread(alike(3, (8,), 50, n_folds=3), learning_rate=10.0)
    chosen = members.some(stack, [0, 2])
    assert chosen.learning_rate == pytest.approx([1e-4, 1e-2])
    assert chosen.seed.tolist() == stack.seed[[0, 2]].tolist()
    # They read the same rows, so that they take as many steps as the whole stack.
    assert chosen.folds == stack.folds


def test_a_case_is_measured_in_a_fresh_process_with_the_package_of_a_checkout(
    tmp_path,
):
    plan, case = Plan(1, shorten=300), {"table": LARGE, "folds": "KFold", "seed": 0}
    (run,) = runner.measure("splits", plan, [case])
    assert is_of(run, case)
    assert 0.0 < run["mean"] < run["worst"] < 100.0

    (tmp_path / "sklearn_mtl").mkdir()
    (tmp_path / "sklearn_mtl" / "__init__.py").write_text("raise SystemExit(3)")
    with pytest.raises(SystemExit, match="splits failed"):
        list(runner.measure("splits", plan, [case], tmp_path))


def run_of(model, skill, **others):
    return {"model": model, "skill": skill, "fit_seconds": 1.0, "seed": 0, **others}


def test_shifts_are_ranked_among_models_that_every_table_has():
    runs = [
        run_of(model, skill, shifted=name, auc=None if name == "b" else 0.5 + skill)
        for name in ("a", "b")
        for model, skill in (("net", 0.3), (shifts.RANDOM, 0.4), ("linear", 0.1))
    ]
    runs.append(run_of("catboost", 0.2, shifted="a", auc=None))
    rows = shifts.as_table(runs)[0].splitlines()[2:]
    assert "| a | skill | 0.300 | **0.400** | 0.100 | 0.200 |" in rows
    assert "| a | AUC | 0.800 | **0.900** | 0.600 |  |" in rows
    assert not any(row.startswith("| b | AUC") for row in rows)
    assert rows[-1] == "| all | mean rank | 1.00 |  | 2.00 |  |"


def test_columns_below_their_prior_are_counted():
    scores = {"one": -0.02, "two": -0.005, "three": 0.5}
    (table,) = rare_labels.as_table(
        [run_of("net", 0.16, rare="a", auc=0.7, columns=scores)]
    )
    assert table.endswith("| a | net | 1 | 3 | 0.160 | 0.700 | -0.020 | 1.0 | 1.0 |")


def test_some_of_many_labels_are_spread_from_frequent_to_rare():
    n_labels = 3 * rare_labels.MOST_LABELS
    y = pd.DataFrame(np.tri(n_labels, dtype=int)).add_prefix("l")
    chosen = rare_labels.spread_labels(y)
    assert len(set(chosen)) == rare_labels.MOST_LABELS
    assert (chosen[0], chosen[-1]) == ("l0", f"l{n_labels - 1}")


def test_p_values_are_corrected_for_their_number():
    # By hand: 3 * 0.01, then 2 * 0.02 and 1 * 0.03, of which none is below its elder.
    assert holm([0.03, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.9, 0.5]) == pytest.approx([1.0, 1.0])


def test_a_study_says_what_differs_beyond_chance():
    gains = {"hard": [0, 0, 0], "mmoe": [0.2, 0.21, 0.19], "ple": [0.3, -0.3, 0.1]}
    runs = [
        {"table": MADE[0], "sharing": way, "seed": seed, "skill": 0.1 * seed + gain}
        for way, of_way in gains.items()
        for seed, gain in enumerate(of_way)
    ]
    runs = [run | {"seconds": 1.0 + (run["sharing"] == "ple")} for run in runs]
    runs = [run | {"worst": 0.0, "aucs": {}} for run in runs]
    page = Compared(runs, "sharing", [*gains, "soft"]).larger()
    assert page.splitlines()[2:] == [
        "| hard | 0.100 | 1.0 |",
        "| mmoe | 0.300 + | 1.0 |",
        "| ple | 0.133 | 2.0 |",
    ]


@pytest.mark.parametrize("name", ["sharing", "balancing"])
def test_a_study_scores_each_value_on_the_same_rows(name):
    benchmark = find(name)
    case = next(
        case for case in benchmark.cases(SMALL_PLAN) if case["table"] == "mtr_enb"
    )
    run = benchmark.measure(SMALL_PLAN, **case)
    assert run["worst"] == min(run["columns"].values()) <= run["skill"] <= 1
    assert benchmark.table([case | run])


def test_rows_of_a_group_are_on_one_side_of_a_split(monkeypatch):
    monkeypatch.setattr(_splits_of_groups, "groups_of", lambda name, X: X["age"].array)
    split = _splits_of_groups.shifted("student_por by age", 0)
    train, test = (set(split.groups[rows]) for rows in (split.train, split.test))
    assert train
    assert not train & test
    assert len(split.of_net()["groups"]) == len(split.train)


@pytest.mark.parametrize("between", ["", "\n", "old\n", "old\n\nolder\n"])
def test_a_section_is_replaced_whatever_it_held(tmp_path, monkeypatch, between):
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n<!-- begin: A -->\n{between}<!-- end: A -->\n\nEnd\n")
    monkeypatch.setattr(report, "PAGE", page)
    report.write_section("A", "new")
    assert page.read_text() == f"# Page\n\n{report.marked('A', 'new')}\n\nEnd\n"


def test_auxiliary_columns_are_compared_on_the_same_rows():
    runs = [
        {"table": "mtr_enb", "labels": "few", "seed": seed, "columns": way, "r2": r2}
        for seed in range(2)
        for way, r2 in {"dropped": 0.5, "auxiliary": 0.6 + 0.1 * seed}.items()
    ]
    rows = auxiliary.as_table(runs)[0].splitlines()[2:]
    assert rows == [
        "| mtr_enb | Y2 | few | 0.500 | 0.650 |  | +0.150 ± 0.050 |  |",
    ]
    case = {"table": "mtr_enb", "labels": "few", "seed": 0, "columns": "auxiliary"}
    assert auxiliary.measure(SMALL_PLAN, **case)["r2"] <= 1
