"""Keras's float64 is not float64 throughout: some constants go through float32 on TensorFlow.

leaky_relu's slope is an attribute of TensorFlow's operation, which holds a float32; tf.nn.gelu casts sqrt(2), and
Rescaling its scale and offset, by way of float32. The criterion allows Keras these constants in float64, and only
these: elsewhere it is 2^29 times sharper there.
"""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from scratchnn import activations

x = np.array([-1.0, -2.0])
tensor = keras.ops.convert_to_tensor(x)
slope = np.asarray(keras.activations.leaky_relu(tensor, negative_slope=0.2))
gelu = np.asarray(keras.activations.gelu(tensor))
scaled = np.asarray(keras.layers.Rescaling(0.1, dtype="float64")(x))
for name, got, exact in (
    ("leaky_relu", slope, activations.leaky_relu(x)),
    ("gelu", gelu, activations.gelu(x)),
    ("Rescaling", scaled, 0.1 * x),
):
    relative = np.abs(got / exact - 1).max()
    print(f"{name}: {got.dtype}, relative difference {relative:.1e}")
    assert got.dtype == np.float64
    assert 1e-10 < relative < 1e-7
