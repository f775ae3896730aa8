"""Layers that were called with training=True: `predict` of Keras 3 runs them at inference all the same."""

import numpy as np
import pytest

from scratchnn import load_model
from scratchnn.verify import verify

pytestmark = pytest.mark.keras


def within(keras, x):
    y = keras.Input((6, 6, 2))
    return keras.Model(y, keras.layers.Dropout(0.5)(y, training=True))(x)


CALLS = {
    "RandomFlip, which says so by itself": lambda keras, x: keras.layers.RandomFlip()(x),
    "RandomRotation": lambda keras, x: keras.layers.RandomRotation(0.3)(x),
    "Dropout": lambda keras, x: keras.layers.Dropout(0.5)(x, training=True),
    "BatchNormalization": lambda keras, x: keras.layers.BatchNormalization()(x, training=True),
    "a nested model": lambda keras, x: keras.Sequential([keras.layers.Dropout(0.5)])(x, training=True),
    "within a nested model": within,
    "LSTM": lambda keras, x: keras.layers.LSTM(3, dropout=0.5)(keras.layers.Reshape((6, 12))(x), training=True),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_was_called_in_training_mode_predicts_at_inference(name, tmp_path):
    import keras

    x = keras.Input((6, 6, 2))
    model = keras.Model(x, keras.layers.Dense(3)(keras.layers.Flatten()(CALLS[name](keras, x))))
    model.save(tmp_path / "model.keras")
    given = np.random.default_rng(1).normal(size=(3, 6, 6, 2)).astype(np.float32)
    result = verify(tmp_path / "model.keras", inputs=given)
    assert result.agrees, result
    assert load_model(tmp_path / "model.keras").predict(given).shape == (3, 3)
