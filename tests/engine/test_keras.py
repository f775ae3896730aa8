"""The models of the report, small, by Keras and by the engine."""

from pathlib import Path

import numpy as np
import pytest

from scratchnn import load_model
from tests.benchmarks.families import REPORT, Family

from .judge import judge

pytestmark = pytest.mark.keras


@pytest.mark.parametrize("family", [f for f in REPORT if max(f.units) <= 64], ids=lambda family: family.name)
def test_report_models(family: Family, tmp_path: Path) -> None:
    small = Family(family.name, family.kind, family.units, family.kernel, family.pool, family.both, size=16)
    keras_model = small.keras_model()
    path = tmp_path / "model.keras"
    keras_model.save(path)
    model, x = load_model(path), small.input(19)
    # Probabilities of both sides within 1e-6 (the limit), for one tile, several, and row by row.
    expected = np.asarray(keras_model(x))
    for y in (
        model.predict(x),
        model.predict(x, batch_size=4),
        np.concatenate([model.predict(row[None]) for row in x]),
    ):
        assert np.abs(y - expected).max() < 1e-6
    judge(model, x)
