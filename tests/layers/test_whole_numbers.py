"""Whole numbers and truth values as input: Keras casts floats alone, and many layers give out what they get."""

import numpy as np
import pytest

from scratchnn import load_model
from scratchnn.agreement import Verdict
from scratchnn.verify import verify

pytestmark = pytest.mark.keras

BIG = 2**24 + 1  # no float32
# Layers, and the shape of a sample. Those of KEPT give out the numbers that they are given, those of PROMOTED
# float32 whatever their dtype is, those of CAST the layer's dtype.
KEPT = {
    "Flatten": ({}, (3, 2)),
    "Reshape": ({"target_shape": (2, 3)}, (3, 2)),
    "Permute": ({"dims": (2, 1)}, (3, 2)),
    "RepeatVector": ({"n": 2}, (4,)),
    "Cropping1D": ({}, (5, 2)),
    "Cropping2D": ({"cropping": 1}, (5, 4, 2)),
    "Cropping3D": ({}, (5, 4, 4, 2)),
    "ZeroPadding1D": ({}, (5, 2)),
    "ZeroPadding2D": ({}, (5, 4, 2)),
    "ZeroPadding3D": ({}, (3, 3, 3, 1)),
    "UpSampling1D": ({}, (3, 2)),
    "UpSampling2D": ({}, (3, 2, 2)),
    "UpSampling3D": ({}, (2, 2, 2, 1)),
    "Dropout": ({"rate": 0.5}, (4,)),
    "SpatialDropout1D": ({"rate": 0.5}, (3, 2)),
    "SpatialDropout2D": ({"rate": 0.5}, (3, 2, 2)),
    "GaussianNoise": ({"stddev": 0.5}, (4,)),
    "GaussianDropout": ({"rate": 0.5}, (4,)),
    "AlphaDropout": ({"rate": 0.5}, (4,)),
    "Identity": ({}, (4,)),
    "Activation": ({"activation": "linear"}, (4,)),
    "GlobalMaxPooling1D": ({}, (4, 2)),
    "GlobalMaxPooling2D": ({}, (4, 4, 2)),
    "GlobalMaxPooling3D": ({}, (2, 2, 2, 2)),
    "Masking": ({"mask_value": 0.5}, (4, 2)),
}
# Keras has these for numbers alone.
KEPT_NUMBERS = {
    "Activation relu": ({"activation": "relu"}, (4,)),
    "Activation relu6": ({"activation": "relu6"}, (4,)),
    "ReLU": ({}, (4,)),
    "ReLU max_value": ({"max_value": 6.5}, (4,)),
    "ReLU threshold": ({"threshold": 1.0}, (4,)),
    "MaxPooling1D": ({}, (4, 2)),
    "MaxPooling1D same": ({"padding": "same"}, (5, 2)),
    "MaxPooling2D": ({"padding": "same"}, (5, 4, 2)),
}
PROMOTED = {
    "Activation tanh": ({"activation": "tanh"}, (4,)),
    "Activation leaky_relu": ({"activation": "leaky_relu"}, (4,)),
    "Activation exponential": ({"activation": "exponential"}, (4,)),
    "ReLU negative_slope": ({"negative_slope": 0.25}, (4,)),
    "LeakyReLU": ({}, (4,)),
    "GlobalAveragePooling1D": ({}, (4, 2)),
    "GlobalAveragePooling2D": ({}, (4, 4, 2)),
    "GlobalAveragePooling3D": ({}, (2, 2, 2, 2)),
}
CAST = {
    "Rescaling": ({"scale": 0.5}, (4,)),
    "Dense": ({"units": 2}, (4,)),
    "BatchNormalization": ({}, (4,)),
    "Normalization": ({"mean": 1.0, "variance": 2.0}, (4,)),
    "LSTM": ({"units": 2}, (3, 2)),
}
NUMBERS = ("int32", "int64", "uint8")
ROUNDED = ("BatchNormalization", "float64")  # of whole numbers Keras computes it in float32 (docs/findings.md)


def whole(shape, dtype, largest=BIG):
    count = np.arange(2 * np.prod(shape, dtype=int)).reshape(2, *shape)
    if dtype in ("bool", "uint8"):
        return (count % (2 if dtype == "bool" else 7)).astype(dtype)
    return (np.where(count % 3 == 0, -1, 1) * (count % 7 + largest)).astype(dtype)


def compare(tmp_path, name, options, shape, dtype, x):
    """The model of one such layer behind an input of that dtype: forward, predict and verify against Keras."""
    import keras

    given = keras.Input(shape, dtype=x.dtype.name)
    model = keras.Model(given, getattr(keras.layers, name.split()[0])(**options, dtype=dtype)(given))
    model.save(tmp_path / "model.keras")
    theirs, scratch = np.asarray(model(x)), load_model(tmp_path / "model.keras")
    for ours in (scratch.forward(x), scratch.predict(x)):
        assert ours.dtype == theirs.dtype
        if theirs.dtype.kind != "f":
            assert np.array_equal(ours, theirs)
    result = verify(tmp_path / "model.keras", inputs=x)
    verdict = Verdict.KERAS_OFF if (name, dtype) == ROUNDED else Verdict.AGREE
    assert [layer.agreement.verdict for layer in result.layers] == [verdict], result
    assert all(output.agrees for output in result.outputs), result
    return theirs.dtype


@pytest.mark.parametrize("dtype", [*NUMBERS, "bool"])
@pytest.mark.parametrize("name", [*KEPT, *KEPT_NUMBERS])
def test_numbers_that_are_moved_or_chosen_stay_whole(name, dtype, tmp_path):
    if name in KEPT_NUMBERS and dtype == "bool":
        pytest.skip("Keras takes no truth values here")
    options, shape = {**KEPT, **KEPT_NUMBERS}[name]
    assert compare(tmp_path, name, options, shape, "float32", whole(shape, dtype)).kind in "iub"


@pytest.mark.parametrize("policy", ["float32", "float64"])
@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("name", [*PROMOTED, *CAST])
def test_functions_of_whole_numbers_are_floats(name, dtype, policy, tmp_path):
    options, shape = {**PROMOTED, **CAST}[name]
    result = compare(tmp_path, name, options, shape, policy, whole(shape, dtype, largest=1))
    assert result == ("float32" if name in PROMOTED else policy)


def test_whole_numbers_through_several_layers(tmp_path):
    import keras

    layers = keras.layers
    ids = keras.Input((2, 3), dtype="int64")
    flat = layers.Dropout(0.5)(layers.Flatten()(ids))
    steps = layers.TimeDistributed(layers.Flatten())(layers.Reshape((2, 3, 1))(flat))
    table = layers.Embedding(8, 3, mask_zero=True)(flat)
    model = keras.Model(ids, [steps, layers.LSTM(3)(table), layers.Dense(2)(flat)])
    model.save(tmp_path / "model.keras")
    scratch, x = load_model(tmp_path / "model.keras"), np.array([[[1, 2, 0], [3, 7, 0]]], np.int64)
    assert scratch.predict(x)[0].dtype == scratch.forward(x)[0].dtype == np.int64
    assert verify(tmp_path / "model.keras", inputs=x).agrees
    assert verify(tmp_path / "model.keras").agrees
