"""Folders that the environment names; tests that need one skip, and say why, where it is not set."""

import os
from pathlib import Path

import pytest


def named_folder(variable: str) -> Path:
    """The folder that an environment variable names."""
    if not os.environ.get(variable):
        pytest.skip(f"{variable} is not set")
    return Path(os.environ[variable])


@pytest.fixture(scope="session")
def data_dir() -> Path:
    return named_folder("SCRATCHNN_DATA")


@pytest.fixture(scope="session")
def models_dir() -> Path:
    return named_folder("SCRATCHNN_MODELS")
