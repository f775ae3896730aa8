"""The golden models, and the test split each was scored on."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2] / "golden"
FOLDERS = sorted(path.parent for path in ROOT.glob("*/metrics.json"))


@dataclass(frozen=True)
class Golden:
    """One golden folder, read."""

    folder: Path
    metrics: dict[str, Any]
    arrays: dict[str, np.ndarray]

    @property
    def model(self) -> Path:
        return self.folder / "model.keras"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that takes `golden` once for each golden folder."""
    if "golden" in metafunc.fixturenames:
        metafunc.parametrize("golden", FOLDERS, ids=lambda folder: folder.name, indirect=True)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    folder = request.param
    with np.load(folder / "golden.npz", allow_pickle=False) as arrays:
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        return Golden(folder, metrics, dict(arrays))


@pytest.fixture
def test_split(golden: Golden) -> tuple[np.ndarray, np.ndarray]:
    """Return the real (inputs, labels) that `test_probabilities` belong to, where data is given."""
    if not os.environ.get("SCRATCHNN_DATA"):
        pytest.skip("needs the real data sets: set SCRATCHNN_DATA to their folder")
    from scratchnn.datasets import load_test_split

    metrics = golden.metrics
    vocabulary = golden.folder / metrics["vocabulary"] if "vocabulary" in metrics else None
    return load_test_split(metrics["dataset"], vocabulary=vocabulary, limit=metrics["limit"])
