"""The nets that a fit goes on with."""

from __future__ import annotations

from typing import Any

from sklearn_mtl.estimators._codings import Codings
from sklearn_mtl.estimators._fitted_stack import FittedStack
from sklearn_mtl.estimators._new_net import (
    callbacks_of,
    new_net,
    rate_schedule,
    watchers_of,
)
from sklearn_mtl.estimators._warm_start import (
    adopt_batch_size,
    adopt_parameters,
    adopt_verbosity,
    check_parameters,
)
from sklearn_mtl.training import (
    Members,
    MultiTaskNet,
    adopt_task_weights,
    check_can_grow,
    draw_seed,
    go_on_with_further_tasks,
    new_generator,
    teams,
)


def nets_to_go_on_with(
    estimator: Any,
    codings: Codings,
    earlier: FittedStack,
    members: Members,
    n_read: int,
    generator: Any,
    *,
    has_all_rows: bool,
) -> tuple[MultiTaskNet, MultiTaskNet | None]:
    """Give the shared net and that of single columns, as parameters now say.

    Those of an earlier fit; new ones that begin where these are, if there are further
    columns.

    Parameters
    ----------
    codings : Codings
    earlier : FittedStack
    members : Members
        Of the shared net.
    n_read : int
        Number of rows that training reads.
    generator : torch.Generator
    has_all_rows : bool
        Whether these are all rows of the fit, by which batches are made, and no part.
    """
    if len(codings.tasks) == len(earlier.codings.tasks):
        for known in earlier.nets:
            adopt_parameters(estimator, codings, known)
            if has_all_rows:
                adopt_batch_size(estimator, known, n_read)
        earlier.net.members = members
        adopt_task_weights(earlier.net)
        adopt_verbosity(earlier.net, estimator.verbose)
        return earlier.net, earlier.own_net
    for known in earlier.nets:
        check_can_grow(known)
        check_parameters(estimator, codings, earlier.codings, known)
    callbacks = callbacks_of(estimator, codings, members)
    net = _grown(estimator, codings, earlier.net, members, n_read, generator, callbacks)
    if earlier.own_net is None:
        return net, None
    alone = teams(members, [(t,) for t in earlier.own_tasks])
    callbacks = [*rate_schedule(estimator), *watchers_of(estimator)]
    own_net = _grown(
        estimator, codings, earlier.own_net, alone, n_read, generator, callbacks
    )
    return net, own_net


def _grown(
    estimator: Any,
    codings: Codings,
    source: MultiTaskNet,
    members: Members,
    n_read: int,
    generator: Any,
    callbacks: list[Any],
) -> MultiTaskNet:
    """Make a net of further tasks that begins where another one is."""
    n_known = len(source.criterion_.layout.names)
    known = getattr(source, "module__generation", None) or [0] * n_known
    n_further = len(codings.tasks) - n_known
    target = new_net(
        estimator,
        codings,
        members,
        n_rows=n_read,
        generator=new_generator(draw_seed(generator)),
        callbacks=callbacks,
        generation=[*known, *[known[-1] + 1] * n_further],
    )
    go_on_with_further_tasks(source, target)
    return target
