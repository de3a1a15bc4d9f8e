"""Training a stack of networks with skorch. The only room that imports skorch."""

from sklearn_mtl.training._batches import Batches, Labels, MemberRows, TaskTable
from sklearn_mtl.training._best_weights import BestWeights
from sklearn_mtl.training._flat_adamw import FlatAdamW
from sklearn_mtl.training._generative import GenerativeModel
from sklearn_mtl.training._head_links import norms_of_links
from sklearn_mtl.training._loss import TaskLoss
from sklearn_mtl.training._make_net import (
    adopt_settings,
    draw_seed,
    make_net,
    new_generator,
)
from sklearn_mtl.training._make_rows import (
    give_rows,
    make_table,
    make_unlabelled,
    number_format,
)
from sklearn_mtl.training._members import member_rows
from sklearn_mtl.training._negative_transfer import NegativeTransfer
from sklearn_mtl.training._net import MultiTaskNet, resolve_device
from sklearn_mtl.training._predict import (
    iter_raw,
    iter_shared,
    raw_of_held_out,
    std_of_shared,
)
from sklearn_mtl.training._progress import ProgressBar
from sklearn_mtl.training._reconstruction import DecodingNet, JointBatches, Unlabelled
from sklearn_mtl.training._restore import unchanged_on_failure
from sklearn_mtl.training._schedules import learning_rate_schedule
from sklearn_mtl.training._step import Step
from sklearn_mtl.training._task_gradients import GradientAngles, Lookahead
from sklearn_mtl.training._teams import Teams

__all__ = [
    "Batches",
    "BestWeights",
    "DecodingNet",
    "FlatAdamW",
    "GenerativeModel",
    "GradientAngles",
    "JointBatches",
    "Labels",
    "Lookahead",
    "MemberRows",
    "MultiTaskNet",
    "NegativeTransfer",
    "ProgressBar",
    "Step",
    "TaskLoss",
    "TaskTable",
    "Teams",
    "Unlabelled",
    "adopt_settings",
    "draw_seed",
    "give_rows",
    "iter_raw",
    "iter_shared",
    "learning_rate_schedule",
    "make_net",
    "make_table",
    "make_unlabelled",
    "member_rows",
    "new_generator",
    "norms_of_links",
    "number_format",
    "raw_of_held_out",
    "resolve_device",
    "std_of_shared",
    "unchanged_on_failure",
]
