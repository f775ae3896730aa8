"""Where the model files of other people lie, if they do."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def wild_models() -> Path:
    """The folder that SCRATCHNN_MODELS names."""
    folder = os.environ.get("SCRATCHNN_MODELS")
    if not folder:
        pytest.skip("SCRATCHNN_MODELS is not set: it names the folder of model files that other people made")
    return Path(folder)
