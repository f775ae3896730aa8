"""Masks in a graph: an operation that gives out the very tensor that it was given keeps its mask in Keras."""

import numpy as np
import pytest

from scratchnn import load_model
from scratchnn.verify import verify

pytestmark = pytest.mark.keras

IDS = np.array([[1, 2, 0, 0, 0], [1, 0, 3, 0, 0], [5, 4, 3, 2, 1]], np.int32)
# Operations by whether the mask is still there behind them.
OPERATIONS = {
    "cast to its own dtype": (lambda ops, x: ops.cast(x, "float32"), True),
    "convert_to_tensor": (lambda ops, x: ops.convert_to_tensor(x), True),
    "convert_to_tensor of its own dtype": (lambda ops, x: ops.convert_to_tensor(x, "float32"), True),
    "moveaxis to the same place": (lambda ops, x: ops.moveaxis(x, -2, 1), True),
    "moveaxis of several to the same place": (lambda ops, x: ops.moveaxis(x, (1, 2), (1, -1)), True),
    "swapaxes with itself": (lambda ops, x: ops.swapaxes(x, 1, -2), True),
    "two of them": (lambda ops, x: ops.cast(ops.swapaxes(x, 2, 2), "float32"), True),
    "reshape to its own shape": (lambda ops, x: ops.reshape(x, (-1, 5, 4)), False),
    "transpose to its own order": (lambda ops, x: ops.transpose(x, (0, 1, 2)), False),
    "copy": (lambda ops, x: ops.copy(x), False),
    "stop_gradient": (lambda ops, x: ops.stop_gradient(x), False),
    "all of it": (lambda ops, x: x[:, :, :], False),
    "moveaxis and back": (lambda ops, x: ops.moveaxis(ops.moveaxis(x, 1, 2), 1, 2), False),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_mask_behind_an_operation(name, tmp_path):
    import keras

    keras.utils.set_random_seed(1)
    operation, kept = OPERATIONS[name]
    ids = keras.Input((5,), dtype="int32")
    x = operation(keras.ops, keras.layers.Embedding(6, 4, mask_zero=True)(ids))
    path = tmp_path / "model.keras"
    keras.Model(ids, keras.layers.LSTM(3)(x)).save(path)
    model = load_model(path)
    unmasked_steps = model.layers[-1](model.layers[0](IDS[:1, :2]))
    assert np.array_equal(model.forward(IDS[:1]), unmasked_steps) is kept
    result = verify(path, inputs=IDS)
    assert result.agrees, result
