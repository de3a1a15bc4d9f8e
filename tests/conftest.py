"""What all tests share."""

import gc

import numpy as np
import pytest
import torch


def pytest_collection_finish():
    """Leave what was imported out of every later look for garbage: 5 % of all time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Small nets gain nothing from threads, and wait for each other on busy cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def rng():
    return np.random.default_rng(0)
