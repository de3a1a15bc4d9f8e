"""Training a stack of networks with skorch. The only room that imports skorch."""

from sklearn_mtl.training._ahead import Ahead
from sklearn_mtl.training._batches import Batches, Labels, MemberRows, TaskTable
from sklearn_mtl.training._best_weights import BestWeights
from sklearn_mtl.training._copy_members import copy_members, go_on_with
from sklearn_mtl.training._course import Course
from sklearn_mtl.training._cut import bytes_of_training, stacks_that_fit, train
from sklearn_mtl.training._device import resolve_device
from sklearn_mtl.training._flat_adamw import FlatAdamW
from sklearn_mtl.training._folds import member_rows, number_of_folds, random_folds
from sklearn_mtl.training._gate_usage import mean_gate_weights
from sklearn_mtl.training._generative import GenerativeModel
from sklearn_mtl.training._grow import (
    check_can_grow,
    check_can_hold,
    go_on_with_further_tasks,
    held,
    tasks_held,
)
from sklearn_mtl.training._head_links import norms_of_links
from sklearn_mtl.training._input_gradients import InputGradients
from sklearn_mtl.training._joined_tables import (
    TableOfMembers,
    join_tables,
    read_one_table,
)
from sklearn_mtl.training._last_epochs import LastEpochs
from sklearn_mtl.training._last_losses import with_last_losses
from sklearn_mtl.training._loss import TaskLoss
from sklearn_mtl.training._make_members import ensemble, search, teams
from sklearn_mtl.training._make_net import (
    adopt_settings,
    adopt_task_weights,
    draw_seed,
    make_net,
    new_generator,
)
from sklearn_mtl.training._make_rows import (
    give_rows,
    make_table,
    make_unlabelled,
    number_format,
    rows_of_all,
)
from sklearn_mtl.training._members import OF_EACH, Fold, Members
from sklearn_mtl.training._moved_cells import with_cells_of
from sklearn_mtl.training._negative_transfer import NegativeTransfer
from sklearn_mtl.training._net import MultiTaskNet
from sklearn_mtl.training._offered import check_offered
from sklearn_mtl.training._pause import go_on, is_paused, pause_at
from sklearn_mtl.training._predict import (
    iter_raw,
    iter_shared,
    raw_of_held_out,
    std_of_shared,
)
from sklearn_mtl.training._progress import ProgressBar
from sklearn_mtl.training._reconstruction import DecodingNet, JointBatches, Unlabelled
from sklearn_mtl.training._restore import unchanged_on_failure
from sklearn_mtl.training._schedules import learning_rate_schedule, sets_rate
from sklearn_mtl.training._some_members import (
    become_candidate,
    can_take_members,
    take_candidates,
)
from sklearn_mtl.training._step import Step
from sklearn_mtl.training._stop_together import StopTogether
from sklearn_mtl.training._task_gradients import GradientAngles, Lookahead
from sklearn_mtl.training._taught import SoftLabels, TaughtRows, give_taught_rows
from sklearn_mtl.training._torch_modes import usual_torch_modes

__all__ = [
    "OF_EACH",
    "Ahead",
    "Batches",
    "BestWeights",
    "Course",
    "DecodingNet",
    "FlatAdamW",
    "Fold",
    "GenerativeModel",
    "GradientAngles",
    "InputGradients",
    "JointBatches",
    "Labels",
    "LastEpochs",
    "Lookahead",
    "MemberRows",
    "Members",
    "MultiTaskNet",
    "NegativeTransfer",
    "ProgressBar",
    "SoftLabels",
    "Step",
    "StopTogether",
    "TableOfMembers",
    "TaskLoss",
    "TaskTable",
    "TaughtRows",
    "Unlabelled",
    "adopt_settings",
    "adopt_task_weights",
    "become_candidate",
    "bytes_of_training",
    "can_take_members",
    "check_can_grow",
    "check_can_hold",
    "check_offered",
    "copy_members",
    "draw_seed",
    "ensemble",
    "give_rows",
    "give_taught_rows",
    "go_on",
    "go_on_with",
    "go_on_with_further_tasks",
    "held",
    "is_paused",
    "iter_raw",
    "iter_shared",
    "join_tables",
    "learning_rate_schedule",
    "make_net",
    "make_table",
    "make_unlabelled",
    "mean_gate_weights",
    "member_rows",
    "new_generator",
    "norms_of_links",
    "number_format",
    "number_of_folds",
    "pause_at",
    "random_folds",
    "raw_of_held_out",
    "read_one_table",
    "resolve_device",
    "rows_of_all",
    "search",
    "sets_rate",
    "stacks_that_fit",
    "std_of_shared",
    "take_candidates",
    "tasks_held",
    "teams",
    "train",
    "unchanged_on_failure",
    "usual_torch_modes",
    "with_cells_of",
    "with_last_losses",
]
