"""A net from plain values: numbers, names, seeds and arrays."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import torch

from sklearn_mtl.balancing import Balancing
from sklearn_mtl.nn import Autoencoder, MultiTaskNetwork, StoredGenerator
from sklearn_mtl.tables import DecodedColumns
from sklearn_mtl.tasks import OutputLayout, Task
from sklearn_mtl.training._device import resolve_device
from sklearn_mtl.training._members import Members
from sklearn_mtl.training._net import MultiTaskNet
from sklearn_mtl.training._reconstruction import DecodingNet

NO_DECAY = {"weight_decay": 0.0, "own_weight_decay": 0.0}
NO_DECAY_OF_BIASES = ("*bias*", NO_DECAY)
NO_DECAY_OF_VARIANCES = ("*log_variance*", NO_DECAY)
"""A variance is no weight: it does not decay towards 1."""
OWN = {"lr": "own_lr", "weight_decay": "own_weight_decay"}
"""What a parameter group has of its own, which settings of the net leave as it is."""

SGD = {
    "optimizer": torch.optim.SGD,
    "optimizer__fused": True,
    "optimizer__momentum": 0.9,
    "optimizer__nesterov": True,
}


def new_generator(seed: int) -> torch.Generator:
    """Make a generator; no global one is read or seeded."""
    return StoredGenerator().manual_seed(seed)


def draw_seed(generator: torch.Generator) -> int:
    """Draw the seed of another generator."""
    return int(torch.randint(2**31 - 1, (), generator=generator))


def make_net(
    tasks: Sequence[Task],
    members: Members,
    *,
    dtype: str,
    precision: str = "float32",
    device: str,
    solver: str,
    generator: torch.Generator,
    balancing: Balancing,
    reconstruction: Autoencoder | None,
    decoded_columns: DecodedColumns | None,
    settings: dict[str, Any],
    overrides: dict[str, Any],
) -> MultiTaskNet:
    """Make and initialize the net of some tasks.

    Parameters
    ----------
    tasks : sequence of Task
        Fitted tasks, in the order of y's columns.
    members : Members
    dtype : {"float32", "float64"}
    precision : {"auto", "float32", "bfloat16"}
    device : str
        In torch's notation, or "auto".
    solver : {"adam", "sgd"}
    generator : torch.Generator
        Draws batches and dropped units.
    balancing : Balancing
    reconstruction : Autoencoder or None
    decoded_columns : DecodedColumns or None
        What it predicts.
    settings : dict
        Further arguments, under skorch's names; the sizes of hidden layers are
        required.
    overrides : dict
        Arguments that win over all others.

    Returns
    -------
    MultiTaskNet
    """
    layout = OutputLayout(tasks)
    # skorch stores parts beside the net: a generator of both would become two.
    of_parts = deepcopy(generator)
    number = getattr(torch, dtype)
    weight = torch.from_numpy(members.task_weight.copy()).to(number)
    without_decay = [NO_DECAY_OF_BIASES, _of_balancing(balancing)]
    kind: type[MultiTaskNet] = MultiTaskNet
    decoding: dict[str, Any] = {}
    if reconstruction is not None:
        kind = DecodingNet
        decoding = {
            "module__reconstruction": reconstruction,
            "module__decoded_columns": decoded_columns,
            "reconstruction_weight": reconstruction.weight,
            "stops_on_reconstruction": reconstruction.generative,
        }
        if reconstruction.generative:
            without_decay.append(NO_DECAY_OF_VARIANCES)
    made = {
        "members": members,
        "precision": precision,
        **_depth(members, len(settings["module__hidden_layer_sizes"])),
        "module__n_members": members.number,
        "module__seeds": members.seed.tolist(),
        "module__dropout": same_or_each(members.dropout),
        "module__task_of_output": layout.task_of_output,
        "module__prior_raw": layout.prior_raw,
        "module__dtype": number,
        "module__generator": of_parts,
        "criterion__layout": layout,
        "criterion__balancing": balancing,
        "criterion__generator": of_parts,
        "criterion__task_weight": weight,
        **_rates(members, solver),
        "optimizer__param_groups": without_decay,
        "iterator_train__generator": generator,
        "iterator_train__shuffle": True,
        "device": resolve_device(device),
        **(SGD if solver == "sgd" else {}),
        **decoding,
    }
    arguments = {"module": MultiTaskNetwork} | made | settings | overrides
    net: MultiTaskNet = kind(**arguments).initialize()
    generator.set_state(of_parts.get_state())
    return net


def same_or_each(values: np.ndarray) -> Any:
    """Give the number that all members have, or a list of one a member."""
    return float(values[0]) if (values == values[0]).all() else values.tolist()


def _depth(members: Members, n_layers: int) -> dict[str, Any]:
    """Say the depth of each member, where some use not all layers."""
    depth = members.depth.tolist()
    return {} if set(depth) == {n_layers} else {"module__depth": depth}


def _rates(members: Members, solver: str) -> dict[str, Any]:
    """Say the highest rate and decay, and the ratio of each member to these."""
    settings = {}
    for name, ratio, values in (
        ("lr", "optimizer__lr_ratio", members.learning_rate),
        ("optimizer__weight_decay", "optimizer__decay_ratio", members.weight_decay),
    ):
        settings[name] = float(values.max())
        if (values != values[0]).any():
            if solver != "adam":
                raise ValueError(
                    f"solver={solver!r} steps all members at one rate and decay, but "
                    f"these differ: {values.tolist()}. Use solver='adam'."
                )
            settings[ratio] = (values / values.max()).tolist()
    return settings


def _of_balancing(balancing: Balancing) -> tuple[str, dict[str, Any]]:
    """Tell how the parameters of balancing are stepped, if it has some."""
    own: dict[str, Any] = dict(NO_DECAY)
    if balancing.lr is not None:
        own |= {"lr": balancing.lr, "own_lr": balancing.lr, "lr_ratio": None}
    return "balancing.*", own


def adopt_settings(net: MultiTaskNet, settings: dict[str, Any]) -> None:
    """Set parameters of a net, under skorch's names, before it is trained on."""
    of_callbacks = {k: settings[k] for k in settings if k.startswith("callbacks__")}
    net.set_params(**{k: settings[k] for k in settings.keys() - of_callbacks.keys()})
    callbacks = dict(net.callbacks_)
    for key, value in of_callbacks.items():
        # skorch would initialize all callbacks anew, which forget what they have done.
        _, name, parameter = key.split("__", 2)
        if name in callbacks:
            callbacks[name].set_params(**{parameter: value})
            setattr(net, key, value)
    for group in net.optimizer_.param_groups:  # of which skorch has set all alike
        group.update({name: group[own] for name, own in OWN.items() if own in group})


def adopt_task_weights(net: MultiTaskNet) -> None:
    """Weigh the losses of a net as its members say."""
    known = net.criterion_.task_weight
    order = net.criterion_.layout.order
    known.copy_(torch.from_numpy(net.members.task_weight[:, order]).to(known))
