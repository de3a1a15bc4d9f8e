"""Draw the stack of one fit: rows, parameters and epochs of each member.

``python docs/figures/the_stack.py`` writes the picture beside this file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.datasets import load_student_performance
from sklearn_mtl.training import MultiTaskNet

# Told apart by colour-blind readers (Okabe and Ito), and by their brightness.
HELD_OUT, TRAINED_ON, SLICE = "#D55E00", "#CFE3F1", "#F3D9A6"
AT_WORK, ENDED = "#0072B2", "#E9E9E9"
OF_COLUMNS = ("#0072B2", "#56B4E9", "#E69F00", "#009E73", "#CC79A7", "0.4")
SIZE = 9.5
TIMES = "\N{MULTIPLICATION SIGN}"


def fit(**settings: object) -> MultiTaskNetEstimator:
    X, y = load_student_performance(return_X_y=True, as_frame=True)
    chosen = {"hidden_layer_sizes": (32, 32), "learning_rate_init": 0.002}
    chosen |= {"random_state": 0} | settings
    return MultiTaskNetEstimator(**chosen).fit(X, y)


def epochs_at_work(net: MultiTaskNet) -> np.ndarray:
    """Epochs that each member was trained for, (K,)."""
    losses = np.stack(net.task_losses_["train"])
    at_work: np.ndarray = ~np.isnan(losses).all(axis=2)
    return at_work.sum(axis=0)


def draw(estimator: MultiTaskNetEstimator) -> Figure:
    """Draw members as rows, and what is known of each side by side."""
    own = estimator.own_net_
    longest = [estimator.n_iter_] + ([] if own is None else [len(own.history)])
    widths = [19, 29, *(np.array(longest) / sum(longest) * 60)]
    figure = Figure(figsize=(8.2, 4.5), layout="constrained")
    panels = figure.subplots(1, len(widths), sharey=True, width_ratios=widths)
    draw_rows(panels[0], estimator.net_)
    draw_parameters(panels[1], estimator.net_)
    draw_epochs(panels[2], estimator.net_, estimator.best_epoch_)
    if own is not None:
        draw_second_stack(panels[3], own, estimator)
    n_members = estimator.net_.members.number
    panels[0].set_ylabel("member", fontsize=SIZE)
    panels[0].set(ylim=(n_members - 0.4, -0.6))
    panels[0].set_yticks(range(n_members))
    for panel in panels:
        panel.tick_params(length=0, labelsize=SIZE - 1)
        panel.spines[:].set_visible(False)
    return figure


def head(panel: Axes, title: str, said: str) -> None:
    panel.set_title(f"{title}\n", fontsize=SIZE + 1, fontweight="bold", loc="left")
    where = {"transform": panel.transAxes, "va": "bottom"}
    panel.text(0, 1.02, said, fontsize=SIZE, color="0.3", **where)


def draw_rows(panel: Axes, net: MultiTaskNet) -> None:
    """Draw a square for each fold of the table's rows."""
    members = net.members
    for k, own in enumerate(members.fold):
        for fold in range(len(members.folds)):
            color = HELD_OUT if fold == own else TRAINED_ON
            panel.add_patch(Rectangle((fold - 0.42, k - 0.42), 0.84, 0.84, color=color))
    n_folds = len(members.folds)
    n_rows = sum(len(fold.held_out) for fold in members.folds)
    panel.set(xlim=(-0.6, n_folds - 0.4), xticks=[])
    head(panel, "Rows", f"{n_rows} rows in {n_folds} folds")
    legend(
        panel,
        [
            Patch(color=TRAINED_ON, label="trained on"),
            Patch(color=HELD_OUT, label="held out"),
        ],
    )


def draw_parameters(panel: Axes, net: MultiTaskNet) -> None:
    """Draw a slab for each tensor, in which every member has its slice."""
    shapes = [
        parameter.shape
        for name, parameter in net.module_.named_parameters()
        if name.endswith("weight")
    ]
    n_members = net.members.number
    for column in range(len(shapes)):
        for k in range(n_members):
            slab = Rectangle((column - 0.4, k - 0.42), 0.8, 0.84)
            slab.set(facecolor=SLICE, edgecolor="none")
            panel.add_patch(slab)
        whole = Rectangle((column - 0.46, -0.5), 0.92, n_members)
        whole.set(facecolor="none", edgecolor="0.35", linewidth=1.0)
        panel.add_patch(whole)
    panel.set(xlim=(-0.55, len(shapes) - 0.45))
    names = [TIMES.join(["K", *map(str, shape[1:])]) for shape in shapes]
    panel.set_xticks(range(len(names)), names)
    head(panel, "Weights", "one tensor a layer")
    legend(panel, [Patch(color=SLICE, label="slice of a member")])


def draw_epochs(panel: Axes, net: MultiTaskNet, best_epoch: np.ndarray) -> None:
    """Draw a bar a member, up to the epoch at which it left."""
    ends = epochs_at_work(net)
    k = np.arange(len(ends))
    panel.barh(k, ends.max(), height=0.84, color=ENDED)
    panel.barh(k, ends, height=0.84, color=AT_WORK)
    panel.scatter(best_epoch, k, s=26, color="white", zorder=3)
    panel.set(xlim=(0, ends.max()))
    saved = 1 - ends.mean() / ends.max()
    head(panel, "Epochs", f"{saved:.0%} are spared, as members leave")
    kept = Line2D([], [], marker="o", color="white", label="weights kept", ls="")
    kept.set(markeredgecolor=AT_WORK, markersize=6)
    legend(
        panel,
        [
            Patch(color=AT_WORK, label="at work"),
            kept,
            Patch(color=ENDED, label="has left"),
        ],
    )


def draw_second_stack(
    panel: Axes, own: MultiTaskNet, estimator: MultiTaskNetEstimator
) -> None:
    """Thin bars for the columns that went on alone, beside their origins."""
    ends = epochs_at_work(own)
    columns = own.members.tasks
    height = 0.76 / len(columns)
    for position, t in enumerate(columns):
        members = own.members.learning(t)
        top = own.members.origin[members] - 0.38 + height * position
        color = OF_COLUMNS[position % len(OF_COLUMNS)]
        name = estimator.tasks_[t].name_
        panel.barh(
            top, ends[members], height * 0.9, align="edge", color=color, label=name
        )
    panel.set(xlim=(0, ends.max()))
    head(panel, "Second stack", "columns alone")
    legend(panel, panel.get_legend_handles_labels()[0])


def legend(panel: Axes, handles: list) -> None:
    panel.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0, -0.09),
        borderpad=0,
        frameon=False,
        fontsize=SIZE,
        handlelength=1.0,
    )


if __name__ == "__main__":
    file = Path(__file__).with_suffix(".png")
    draw(fit()).savefig(file, dpi=120, bbox_inches="tight")
