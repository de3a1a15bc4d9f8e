"""Memory that is written again, and memory that is not."""

import torch

from sklearn_mtl.nn._workspace import Workspace


def test_memory_of_a_name_is_used_again_also_for_fewer_rows():
    memory, like = Workspace(keeps=True), torch.zeros(1)
    first = memory.empty("units", (2, 6, 3), like)

    fewer, other = memory.empty("units", (2, 4, 3), like), memory.empty("x", (2,), like)
    more = memory.empty("units", (2, 7, 3), like)

    assert fewer.data_ptr() == first.data_ptr()
    assert fewer.is_contiguous()
    assert len({first.data_ptr(), other.data_ptr(), more.data_ptr()}) == 3


def test_what_is_predicted_is_not_overwritten():
    memory = Workspace(keeps=False)
    found = [memory.contiguous("units", torch.full((2, 3), float(i)).T) for i in (0, 1)]

    assert found[0].unique().item() == 0.0
    assert all(values.is_contiguous() for values in found)
