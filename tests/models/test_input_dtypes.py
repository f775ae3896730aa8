"""Numbers of another dtype than the input's: Keras computes in that of the input."""

import numpy as np
import pytest

from scratchnn import load_model

pytestmark = pytest.mark.keras

X = np.array([[1.0, 1.0 + 2.0**-30, 1e-9, 3.0]])


@pytest.mark.parametrize("given", ["float16", "float32", "float64", "int64"])
@pytest.mark.parametrize("declared", ["float16", "float32", "float64"])
def test_an_input_that_goes_into_an_operation(declared, given, tmp_path):
    import keras

    x = keras.Input((4,), dtype=declared)
    keras_model = keras.Model(x, keras.ops.add(x, x))
    keras_model.save(tmp_path / "model.keras")
    model, numbers = load_model(tmp_path / "model.keras"), X.astype(given)
    theirs = keras_model.predict_on_batch(numbers)
    for ours in (model.forward(numbers), model.predict(numbers)):
        assert ours.dtype == theirs.dtype == declared
        assert np.array_equal(ours, theirs)


def test_a_model_in_another_dtype_takes_inputs_in_that(tmp_path):
    import keras

    x = keras.Input((4,))
    keras.Model(x, keras.ops.add(x, x)).save(tmp_path / "model.keras")
    model = load_model(tmp_path / "model.keras")
    for numbers in (X, X.astype(np.float32)):
        assert np.array_equal(model.astype(np.float64).predict(numbers), 2 * numbers.astype(np.float64))
    assert np.array_equal(model.predict(X), 2 * X.astype(np.float32))


def test_an_input_that_goes_into_a_layer_that_does_not_cast_it(tmp_path):
    """float64 beside 2^30 would keep what float32 has not."""
    import keras

    x = keras.Input((4,))
    keras_model = keras.Model(x, keras.layers.LayerNormalization(dtype="float64")(x))
    keras_model.save(tmp_path / "model.keras")
    numbers = 2.0**30 + np.arange(4.0)[None]
    theirs = keras_model.predict_on_batch(numbers)
    model = load_model(tmp_path / "model.keras")
    assert np.array_equal(model.forward(numbers), theirs)
    assert np.array_equal(model.predict(numbers), theirs)
