"""Conv3D with channels_first adds its bias along the last axis where that is as long as there are filters.

The layer adds a bias of shape (1, filters, 1, 1, 1) by keras.ops.add, which takes it for the bias of the last axis
(add_as_bias.py). scratchnn adds it to the channels, as Keras does where the last size is another.
"""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from scratchnn.layers.conv3d import Conv3D

BIAS = np.array([10, 20], np.float32)
KERNEL = np.zeros((1, 1, 1, 1, 2), np.float32)


def of_keras(size: int) -> np.ndarray:
    """The bias of Keras's layer, with an input of zeros of that last size: (filters, size)."""
    x = np.zeros((1, 1, 1, 1, size), np.float32)
    layer = keras.layers.Conv3D(2, 1, data_format="channels_first")
    layer.build(x.shape)
    layer.set_weights([KERNEL, BIAS])
    return np.asarray(layer(x))[0, :, 0, 0]


def of_scratch(size: int) -> np.ndarray:
    """The same of scratchnn's."""
    layer = Conv3D(KERNEL, BIAS, None, "valid", data_format="channels_first")
    return layer(np.zeros((1, 1, 1, 1, size), np.float32))[0, :, 0, 0]


for size in (2, 3):
    print(f"last size {size}: Keras {of_keras(size).tolist()}, scratchnn {of_scratch(size).tolist()}")
assert np.array_equal(of_keras(2), [[10, 20], [10, 20]])
assert np.array_equal(of_scratch(2), [[10, 10], [20, 20]])
assert np.array_equal(of_keras(3), of_scratch(3))
