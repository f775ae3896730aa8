"""Layers that work along the axis of the samples: what they give depends on the batch, in predict too."""

import numpy as np
import pytest

from scratchnn import load_model
from scratchnn.verify import verify

pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore:You are using a softmax over axis")]


def centred(keras):
    x = keras.Input((4,))
    return keras.Model(x, x - keras.ops.mean(x, axis=0, keepdims=True))


def shares(keras):
    x = keras.Input((4,))
    return keras.Model(x, keras.layers.Softmax(axis=0)(x))


# A layer or more of Keras, the shape of a sample, and whether samples meet.
CASES = {
    "Softmax axis 0": (lambda keras, x: keras.layers.Softmax(axis=0)(x), (4,), True),
    "Softmax axis -2": (lambda keras, x: keras.layers.Softmax(axis=-2)(x), (4,), True),
    "Softmax axes 0 and 1": (lambda keras, x: keras.layers.Softmax(axis=(0, 1))(x), (4,), True),
    "Softmax of numbers": (lambda keras, x: keras.layers.Softmax()(x), (), True),
    "Softmax": (lambda keras, x: keras.layers.Softmax()(x), (4,), False),
    "softmax of numbers": (lambda keras, x: keras.layers.Activation("softmax")(x), (), True),
    "log_softmax of numbers": (lambda keras, x: keras.layers.Activation("log_softmax")(x), (), True),
    "sparsemax of numbers": (lambda keras, x: keras.layers.Activation("sparsemax")(x), (), True),
    "glu of numbers": (lambda keras, x: keras.layers.Activation("glu")(x), (), True),
    "tanh of numbers": (lambda keras, x: keras.layers.Activation("tanh")(x), (), False),
    "softmax of rows": (lambda keras, x: keras.layers.Activation("softmax")(x), (4,), False),
    "Concatenate axis 0": (lambda keras, x: keras.layers.Concatenate(axis=0)([x, x]), (4,), True),
    "Concatenate axis -2": (lambda keras, x: keras.layers.Concatenate(axis=-2)([x, x]), (4,), True),
    "Concatenate of numbers": (lambda keras, x: keras.layers.Concatenate()([x, x]), (), True),
    "Concatenate": (lambda keras, x: keras.layers.Concatenate()([x, x]), (4,), False),
    "nested": (lambda keras, x: shares(keras)(x), (4,), True),
    "TimeDistributed Softmax": (
        lambda keras, x: keras.layers.TimeDistributed(keras.layers.Softmax(axis=0))(x),
        (3, 4),
        True,
    ),
    "TimeDistributed model": (lambda keras, x: keras.layers.TimeDistributed(centred(keras))(x), (3, 4), True),
    "TimeDistributed layers": (lambda keras, x: keras.layers.TimeDistributed(shares(keras))(x), (3, 4), True),
}
LOOKUPS = {"one_hot": False, "multi_hot": True, "count": True}


def check(model, path, x, meet):
    model.save(path)
    scratch = load_model(path)
    assert scratch.mixes_samples is meet
    assert verify(path, inputs=x).agrees
    assert np.array_equal(scratch.predict(x), scratch.predict(x, batch_size=len(x)))
    assert np.shape(scratch.predict(x)) == np.shape(scratch.forward(x))


@pytest.mark.parametrize("name", CASES)
def test_a_layer_along_the_samples(name, tmp_path):
    import keras

    build, shape, meet = CASES[name]
    x = keras.Input(shape)
    model = keras.Model(x, build(keras, x))
    check(model, tmp_path / "model.keras", np.random.default_rng(1).normal(size=(6, *shape)).astype("f"), meet)


@pytest.mark.parametrize("mode", LOOKUPS)
def test_lookups_of_one_number_each(mode, tmp_path):
    import keras

    x = keras.Input((), dtype="int32")
    model = keras.Model(x, keras.layers.IntegerLookup(vocabulary=[1, 2, 3], output_mode=mode)(x))
    check(model, tmp_path / "model.keras", np.array([1, 2, 2, 9, 3, 1], np.int32), LOOKUPS[mode])
