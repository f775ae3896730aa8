"""Models at the edges of float32 that both sides run alike agree; what a small output hides does not."""

import numpy as np
import pytest

from scratchnn import Model
from scratchnn.verify import verify

pytestmark = pytest.mark.keras

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(6, 4)).astype(np.float32)


def nan_weight(keras, layers):
    """What a diverged training leaves behind."""
    model = keras.Sequential([keras.Input((4,)), layers.Dense(5, activation="relu"), layers.Dense(3)])
    kernel, bias = model.layers[-1].get_weights()
    bias[1], kernel[0, 2] = np.nan, np.inf
    model.layers[-1].set_weights([kernel, bias])
    return model


def overflow(keras, layers):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(5), layers.Dense(3), layers.Rescaling(0.5)])
    for layer in model.layers[:2]:
        layer.set_weights([1e25 * array for array in layer.get_weights()])
    return model


def variance_beyond_the_range(keras, layers):
    x = keras.Input((4,))
    return keras.Model(x, layers.Dense(3)(layers.LayerNormalization()(1e30 * x)))


def log_of_nothing(keras, layers):
    x = keras.Input((4,))
    return keras.Model(x, keras.ops.log(layers.Softmax()(layers.Dense(3)(x) * 1000.0)))


def functions_beside_a_dense(keras, layers):
    """Weights do not move these outputs; the rounding of what stands before them does."""
    x = keras.Input((4,))
    moved = layers.LayerNormalization()(x + 1000.0)
    return keras.Model(x, [layers.Dense(3)(x), keras.ops.exp(20.0 * x), keras.ops.sin(1000.0 * x), moved])


def data_far_from_zero(keras, layers):
    x = keras.Input((4,))
    shifted = layers.Rescaling(1e-3, offset=1.0)(x)
    return keras.Model(x, [layers.Dense(2)(x), layers.LayerNormalization()(shifted)])


def value_of_masked_steps(keras, layers):
    """0.1 is another number in float64."""
    x = keras.Input((4, 1))
    return keras.Model(x, layers.LSTM(3)(layers.Masking(0.1)(layers.ReLU(threshold=0.1)(x) + 0.1)))


def choices_among_nan(keras, layers):
    x = keras.Input((4,))
    root = keras.ops.log1p(3.0 * x)
    return keras.Model(x, [keras.ops.maximum(root, 0.3), keras.ops.clip(root, -0.1, 0.7)])


def small_differences(keras, layers):
    """What an operation leaves of two numbers that are nearly the same."""
    x = keras.Input((4,))
    return keras.Model(x, [layers.Dense(2)(x), keras.ops.tanh_shrink(0.03 * x)])


def thresholds(keras, layers):
    x = keras.Input((4,))
    same = keras.ops.cast(keras.ops.equal(x, 0.1), "float32")
    return keras.Model(x, [layers.ReLU(threshold=0.1)(x), same, layers.Dense(2)(same)])


def masked_products(keras, layers):
    x = keras.Input((4, 1))
    return keras.Model(x, layers.LSTM(3)(layers.Masking(1.0)(layers.Rescaling(10.0)(x))))


THRESHOLDS = np.array([[0.1, 0.0, -0.1, 0.2], [0.1, 0.1, 0.1, 0.1]], np.float32)
CASES = {
    nan_weight: X,
    overflow: X,
    variance_beyond_the_range: X,
    log_of_nothing: X,
    functions_beside_a_dense: X,
    data_far_from_zero: X,
    value_of_masked_steps: THRESHOLDS[..., None],
    choices_among_nan: X,
    small_differences: X,
    thresholds: THRESHOLDS,
    masked_products: THRESHOLDS[..., None],
}


@pytest.mark.parametrize("build", CASES, ids=lambda build: build.__name__)
def test_what_both_sides_do_alike_agrees(tmp_path, build):
    import keras

    keras.utils.set_random_seed(1)
    path = tmp_path / "model.keras"
    build(keras, keras.layers).save(path)
    result = verify(path, inputs=CASES[build])
    assert result.error is None
    wrong = [(layer.name, layer.agreement) for layer in result.layers if not layer.agreement.agrees]
    assert not wrong
    assert [output for output in result.outputs if not output.agrees] == []


def test_a_wrong_column_shows_beside_columns_a_million_times_as_large(tmp_path, monkeypatch):
    import keras

    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    kernel, bias = model.layers[0].get_weights()
    model.layers[0].set_weights([kernel * np.array([1, 1, 1e-6], np.float32), bias])
    model.save(tmp_path / "model.keras")
    assert verify(tmp_path / "model.keras").agrees
    predict = Model.predict

    def negated(self, *args, **kwargs):
        outputs = predict(self, *args, **kwargs)
        return outputs * np.array([1, 1, -1], outputs.dtype) if outputs.dtype == np.float32 else outputs

    monkeypatch.setattr(Model, "predict", negated)
    assert not verify(tmp_path / "model.keras").agrees
