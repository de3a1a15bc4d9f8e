"""What the values of a parameter gain, and whether that is chance, as Markdown."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import gmean

from benchmarks.benchmark import Run
from benchmarks.quality._comparison import LEVEL, holm, p_value
from benchmarks.quality._held_out import CENSUS, LARGER, MADE, QUESTIONS, SMALL, overlap
from benchmarks.report import table

OF_LITERATURE = {
    "school, explained variance": ("school", "explained"),
    "tox21, mean AUC": ("tox21", "auc"),
    **{f"{CENSUS}, AUC of {name}": (CENSUS, name) for name in QUESTIONS},
}
"""Columns of the table of figures that others report: a table, and what of its runs."""
EXPLANATION = (
    "Figures are means over seeds. + and - are better and worse than the first row "
    f"beyond chance: paired tests over seeds at {LEVEL:g}, corrected by Holm for the "
    "number of rows and, where seeds split the same rows, for what training sets share "
    "(Nadeau & Bengio 2003). The p values beside a mean are those of paired t-tests "
    'over tables, corrected by Holm too. "worst" is the skill of the worst column, as '
    'a mean over tables. "time" is processor time, of fit and predictions, over that '
    "of the first row, as a geometric mean over tables."
)


class Compared:
    """Runs of a study: the first of the values is what others are compared with."""

    def __init__(self, runs: list[Run], parameter: str, values: Sequence[str]) -> None:
        self.runs = pd.DataFrame(runs)
        self.runs["auc"] = [np.mean([*run["aucs"].values()] or np.nan) for run in runs]
        for name in QUESTIONS:
            self.runs[name] = [run["aucs"].get(name, np.nan) for run in runs]
        self.parameter = parameter
        self.values = [value for value in values if value in set(self.runs[parameter])]
        self.first = values[0]

    def small(self) -> str:
        """Compare on small tables, each a draw of the tables that there are."""
        names = self.measured(SMALL)
        columns = {name: self.of_seeds("skill", name) for name in names}
        columns |= self.of_tables("skill", "mean", names)
        columns |= self.of_tables("worst", "worst", names)
        return self.lay_out(columns | {"time": self.time(names)})

    def larger(self) -> str:
        names = self.measured((*MADE, *LARGER))
        columns = {name: self.of_seeds("skill", name) for name in names}
        return self.lay_out(columns | {"time": self.time(names)})

    def of_literature(self, published: Mapping[str, tuple[float, float]]) -> str:
        """Figures that others report, and what they report of `census_kdd`."""
        columns = {
            header: self.of_seeds(figure, name, digits=4)
            for header, (name, figure) in OF_LITERATURE.items()
            if name in set(self.runs["table"])
        }
        if not any(CENSUS in header for header in columns):
            return self.lay_out(columns)
        blank = [""] * (len(columns) - len(QUESTIONS))
        lines = [
            [f"published: {name}", *blank, *(f"{auc:.4f}" for auc in aucs)]
            for name, aucs in published.items()
        ]
        return self.lay_out(columns, lines)

    def measured(self, names: Sequence[str]) -> list[str]:
        found = set(self.runs["table"])
        return [name for name in names if name in found]

    def figures(self, figure: str, name: str) -> pd.DataFrame:
        """Figures of one table: values by seeds, NaN where one was not measured."""
        runs = self.runs[self.runs["table"] == name]
        found = runs.pivot(index=self.parameter, columns="seed", values=figure)
        return found.reindex([self.first, *self.values[1:]]).astype(float)

    def of_seeds(self, figure: str, name: str, digits: int = 3) -> dict[str, str]:
        """Mean of each value over seeds, with a sign where it is not chance."""
        found = self.figures(figure, name)
        ahead = found - found.loc[self.first]
        p = corrected(ahead, overlap(name))
        return {
            value: f"{row.mean():.{digits}f}{sign(ahead.loc[value].mean(), p[value])}"
            for value, row in found.iterrows()
            if row.notna().any()
        }

    def of_tables(
        self, figure: str, header: str, names: list[str]
    ) -> dict[str, dict[str, str]]:
        """Mean of each value over tables, and whether it differs by chance."""
        means = pd.DataFrame({n: self.figures(figure, n).mean(axis=1) for n in names})
        means = means.dropna()
        if self.first not in means.index:
            return {}
        p = corrected(means - means.loc[self.first], 0.0)
        return {
            header: {
                value: f"{mean:.3f}" for value, mean in means.mean(axis=1).items()
            },
            f"p of {header}": {v: f"{one:.3f}" for v, one in p.dropna().items()},
        }

    def time(self, names: list[str]) -> dict[str, str]:
        """Processor time over that of the first value, where all tables are known."""
        means = [self.figures("seconds", name).mean(axis=1) for name in names]
        ratios = pd.DataFrame([mean / mean[self.first] for mean in means]).dropna(
            axis=1
        )
        return {value: f"{gmean(ratio):.1f}" for value, ratio in ratios.items()}

    def lay_out(
        self, columns: dict[str, dict[str, str]], more: Sequence[Sequence[str]] = ()
    ) -> str:
        if not any(columns.values()):
            return ""
        rows = [
            [value, *(cells.get(value, "") for cells in columns.values())]
            for value in self.values
        ]
        return table([self.parameter, *columns], [*rows, *more])


def corrected(ahead: pd.DataFrame, share: float) -> dict[str, float]:
    """P value of each row's mean; NaN where a figure is missing, or nothing differs."""
    known = ahead.dropna()
    p = pd.Series({v: p_value(row.to_numpy(), share) for v, row in known.iterrows()})
    p[(known == 0).all(axis=1)] = np.nan
    p = p.dropna()
    return pd.Series(holm(p.to_numpy()), p.index).reindex(ahead.index)


def sign(difference: float, p: float) -> str:
    if not p < LEVEL:
        return ""
    return " +" if difference > 0 else " -"
