"""Which column helps which, by gradients: against formulas and autograd."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from skorch.callbacks import Callback

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.inspection import task_affinity


class Initial(Callback):
    """Remember the network before its first step."""

    def on_train_begin(self, net, **kwargs):
        self.module = deepcopy(net.module_).double().eval()
        self.criterion = deepcopy(net.criterion_)


def one_measurement(X, y, method, **settings):
    """Affinity of initial weights on one batch of all rows, and these weights."""
    initial = Initial()
    net = MultiTaskNetEstimator(
        **{
            "n_bins": 0,
            "scale_inputs": False,
            "max_iter": 1,
            "batch_size": len(X),
            "early_stopping": False,
            "learning_rate_init": 0.1,
            "random_state": 3,
            **settings,
        },
        callbacks=[initial],
    )
    return task_affinity(net, X, y, method=method), initial


@pytest.mark.parametrize("method", ["gradient", "lookahead"])
def test_one_linear_unit_by_hand(method):
    """A trunk of w and b under the heads a and c: formulas on paper."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=20)
    y = np.column_stack([2 * x + rng.normal(size=20), rng.normal(size=20) - x])

    found, initial = one_measurement(
        x[:, None],
        y,
        method,
        hidden_layer_sizes=(1,),
        activation="identity",
        n_members=1,
    )

    layer, heads = initial.module.sharing.layers[0], initial.module.heads
    w, b = layer.weight.item(), layer.bias.item()
    a, c = heads.weight.detach().numpy().ravel(), heads.bias.detach().numpy().ravel()
    z = (y - y.mean(axis=0)) / y.std(axis=0)

    def error(w, b):
        return a * (w * x + b)[:, None] + c - z

    # The loss is the mean squared error of z, in units of its variance, which is 1.
    by_w = 2 * a * (error(w, b) * x[:, None]).mean(axis=0)
    by_b = 2 * a * error(w, b).mean(axis=0)
    gradient = np.column_stack([by_w, by_b])
    if method == "gradient":
        norm = np.linalg.norm(gradient, axis=1)
        assert_allclose(
            found.affinity, gradient @ gradient.T / np.outer(norm, norm), rtol=1e-5
        )
        assert_allclose(found.norm_ratio, norm[:, None] / norm, rtol=1e-5)
        return
    now = (error(w, b) ** 2).mean(axis=0)
    for i, (step_w, step_b) in enumerate(0.1 * gradient):
        after = (error(w - step_w, b - step_b) ** 2).mean(axis=0)
        assert_allclose(found.affinity[i], 1 - after / now, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("overlapping", [True, False])
@pytest.mark.parametrize("heads", [(), (3,)])
def test_mixed_kinds_and_missing_labels_as_autograd_has_it(overlapping, heads):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(30, 3))
    y = np.column_stack([X[:, 0], X[:, 1] > 0, rng.normal(size=30)]).astype(float)
    y[:12, 0] = np.nan
    y[12:, 1] = np.nan
    if overlapping:
        y[:, 2] = X[:, 2]
    else:
        y[5:, 2] = np.nan
    settings = {
        "hidden_layer_sizes": (4, 3),
        "head_hidden_layer_sizes": heads,
        "n_members": 2,
    }

    cosine, initial = one_measurement(X, y, "gradient", **settings)
    gain, _ = one_measurement(X, y, "lookahead", **settings)

    module, layout = initial.module, initial.criterion.layout
    known = [~np.isnan(y[:, t]) for t in range(3)]
    codes = np.nan_to_num(y)
    for t in (0, 2):
        labels = y[known[t], t]
        codes[:, t] = (codes[:, t] - labels.mean()) / labels.std()

    def losses(module):
        raw = module(torch.from_numpy(X))
        of_labels = layout.losses(raw, torch.from_numpy(codes[:, layout.order]))
        return torch.stack(
            [
                of_labels[:, known[t], place].mean(dim=1)
                for t, place in enumerate(layout.inverse)
            ],
            dim=1,
        )

    now = losses(module)
    trunk = list(module.sharing.parameters())
    gradients = [
        torch.autograd.grad(now[:, t].sum(), trunk, retain_graph=True) for t in range(3)
    ]
    flat = torch.stack([torch.cat([g.flatten(1) for g in gs], 1) for gs in gradients])
    expected = torch.cosine_similarity(flat[:, None], flat[None], dim=-1).mean(dim=-1)
    assert_allclose(cosine.affinity, expected, rtol=1e-4, atol=1e-6)
    cost = layout.prior_cost.numpy()[layout.inverse]
    for t in range(3):
        stepped = deepcopy(module)
        with torch.no_grad():
            for weight, gradient in zip(
                stepped.sharing.parameters(), gradients[t], strict=True
            ):
                weight -= 0.1 * gradient / cost[t]
            share = (1 - losses(stepped) / now).mean(dim=0)
        assert_allclose(gain.affinity[t], share, rtol=1e-3, atol=1e-7)
    assert cosine.overlap[0, 1] == 0
    assert_allclose(np.diag(cosine.overlap), [np.mean(k) for k in known])
