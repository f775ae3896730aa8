"""Layers of another dtype than what comes in: most cast it, normalizations work on it as it is, as in Keras."""

import numpy as np
import pytest

from scratchnn import load_model
from scratchnn.verify import verify

pytestmark = pytest.mark.keras

LAYERS = {
    "LayerNormalization": {},
    "GroupNormalization": {"groups": 2},
    "BatchNormalization": {},
    "RMSNormalization": {},
    "Rescaling": {"scale": 1e-4},
}
# 70000 is no float16: what autocasts has made an infinity of it.
X = np.array([[1.0, 70000.0, -3.0, 2.5], [0.1, 0.2, 0.3, 0.4]], np.float32)


@pytest.mark.parametrize("policy", ["float16", "float64"])
@pytest.mark.parametrize("before", ["float32", "float16", "float64"])
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_behind_one_of_another_dtype(name, before, policy, tmp_path):
    import keras

    keras.utils.set_random_seed(2)
    x = keras.Input((4,))
    given = keras.layers.Rescaling(1.0, dtype=before)(x)
    layer = getattr(keras.layers, name)(**LAYERS[name], dtype=keras.DTypePolicy(policy))
    model = keras.Model(x, layer(given))
    for variable in layer.weights:
        variable.assign(np.abs(np.random.default_rng(1).normal(size=variable.shape)) + 0.5)
    model.save(tmp_path / "model.keras")
    scratch, theirs = load_model(tmp_path / "model.keras"), np.asarray(model(X))
    for ours in (scratch.forward(X), scratch.predict(X)):
        assert ours.dtype == theirs.dtype
        assert np.array_equal(np.isfinite(ours), np.isfinite(theirs))
    result = verify(tmp_path / "model.keras", inputs=X)
    assert result.agrees, result
