"""Where a net trains."""

import pytest
import torch

from sklearn_mtl.training import resolve_device


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_device_that_is_there_is_taken_by_its_name(device):
    assert resolve_device(device) == device


@pytest.mark.parametrize("accelerator", [None, "cuda", "mps"])
def test_auto_is_the_accelerator_if_there_is_one(accelerator, monkeypatch):
    def current(check_available):
        assert check_available
        return None if accelerator is None else torch.device(accelerator)

    monkeypatch.setattr(torch.accelerator, "current_accelerator", current)

    assert resolve_device("auto") == (accelerator or "cpu")


@pytest.mark.parametrize("device", ["cuda:99", "toaster"])
def test_device_that_is_not_there_is_named_with_the_remedy(device):
    with pytest.raises(ValueError, match=f"device='{device}' is not there.*Pass 'cpu'"):
        resolve_device(device)
