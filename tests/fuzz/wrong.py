"""What counts as wrong, whatever was tried."""

import os
import re
from pathlib import Path

import numpy as np
import torch

import sklearn_mtl

PACKAGE = str(Path(sklearn_mtl.__file__).parent) + os.sep


class Wrong(Exception):
    """A fault that was found: its kind, so that like ones can be counted, and more."""

    def __init__(self, kind, detail=""):
        super().__init__(kind, detail)
        self.kind, self.detail = kind, detail


def expect(holds, kind, detail=""):
    if not holds:
        raise Wrong(kind, detail)


def in_the_package(code):
    return code.co_filename.startswith(PACKAGE)


def place_of(error):
    """Return file and function of the package in which an error arose."""
    place, trace = "outside", error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if in_the_package(code):
            place = f"{Path(code.co_filename).name}:{code.co_name}"
        trace = trace.tb_next
    return place


def expect_told(error, names):
    """Accept a ValueError or TypeError that names one of these."""
    said = str(error)
    kind = f"{type(error).__name__} in {place_of(error)}"
    told = isinstance(error, ValueError | TypeError)
    expect(told, f"raw {kind}", said)
    known = any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said) for name in names)
    expect(known, f"nothing named: {kind}", said)


def state_of(net):
    return dict(vars(net))


def expect_same_state(net, before, when):
    after = vars(net)
    changed = sorted(set(after) ^ set(before)) + [
        name for name in before if name in after and after[name] is not before[name]
    ]
    expect(not changed, f"half changed by {when}", ", ".join(changed))


def of_the_process():
    """Return what a fit must leave alone, of everybody's."""
    _, keys, position, *_ = np.random.get_state()  # noqa: NPY002
    seeds = (
        hash(keys.tobytes()),
        position,
        hash(torch.get_rng_state().numpy().tobytes()),
    )
    return seeds, torch.get_default_dtype(), torch.get_num_threads(), np.geterr()
