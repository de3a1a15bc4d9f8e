"""GradNorm against the gradient that autograd finds for its loss."""

import torch
from torch.testing import assert_close

from sklearn_mtl.balancing import GradNorm
from tests.balancing.gramians import made_gradients, weights_of

LOSSES = torch.tensor([[[1.0, 0.9, 1.2]], [[0.5, 0.8, 0.4]]], dtype=torch.float64)


def test_gradient_of_the_weights_is_that_of_chen_et_al():
    gradients = made_gradients(1, 3)
    made = GradNorm(alpha=1.2)
    weights_of(made, gradients, loss=LOSSES[0])
    with torch.no_grad():
        made.logit.copy_(torch.tensor([[0.3, -0.2, 0.1]]))
    gramian = torch.from_numpy(gradients @ gradients.transpose(0, 2, 1))

    weights = made.weights(LOSSES[1], gramian)

    logit = made.logit.detach().requires_grad_()
    own = 3 * logit.softmax(-1)
    length = own * gramian.diagonal(dim1=1, dim2=2).sqrt()
    part = LOSSES[1] / LOSSES[0]
    aim = length.mean() * (part / part.mean()) ** 1.2
    (length - aim.detach()).abs().sum().backward()
    assert_close(weights, own.detach() / 3)
    # In units of the root mean square of the lengths, which Adam takes no note of.
    unit = gramian.diagonal(dim1=1, dim2=2).mean().sqrt()
    assert_close(made.logit.grad, logit.grad / unit)


def test_gradients_become_as_long_as_each_other_where_losses_fall_alike():
    gradients = made_gradients(2, 3)
    made = GradNorm()
    weights = weights_of(made, gradients)
    adam = torch.optim.Adam(made.parameters(), lr=0.02)
    gramian = torch.from_numpy(gradients @ gradients.transpose(0, 2, 1))
    for _ in range(400):
        weights = made.weights(torch.ones(2, 3, dtype=torch.float64), gramian)
        adam.step()

    length = weights * gramian.diagonal(dim1=1, dim2=2).sqrt()
    assert_close(length, length[:, :1].expand(2, 3), rtol=0.1, atol=0.0)
