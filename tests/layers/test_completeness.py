"""The registry of layers and the case table name the same layers."""

import importlib
from pathlib import Path

import pytest

from scratchnn.layers import LAYERS
from tests.support import ENTRIES


def test_each_registered_layer_has_an_entry_and_each_entry_a_layer():
    for file in Path(__file__).parent.glob("test_*.py"):
        importlib.import_module(f"{__package__}.{file.stem}" if __package__ else file.stem)
    layers = {name for name in LAYERS if not name.startswith("ops.")}  # operations: see test_operations.py
    missing, unknown = sorted(layers - set(ENTRIES)), sorted(set(ENTRIES) - layers)
    assert not missing, f"layers without an entry in tests/layers: {missing}"
    assert not unknown, f"entries of layers that are not registered: {unknown}"


@pytest.mark.parametrize("layer", sorted(LAYERS))
def test_each_layer_has_a_source(layer):
    assert LAYERS[layer].__doc__, f"{layer} has no docstring"
