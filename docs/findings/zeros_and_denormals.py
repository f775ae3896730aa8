"""TensorFlow's relu(-0.) is -0., and its arithmetic flushes numbers below the normal range to zero.

NumPy gives 0. and keeps them. The criterion does not compare the sign of a zero and has room for the flush.
"""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from scratchnn.agreement import check_call
from scratchnn.layers.rescaling import Rescaling

relu = np.asarray(keras.activations.relu(np.array([-0.0], np.float32)))
print("Keras's relu(-0.):", relu)
tiny = np.full((1, 8), 1e-39, np.float32)
layer = Rescaling(0.5)
of_keras = np.asarray(keras.layers.Rescaling(0.5)(tiny))
print(f"1e-39 · 0.5: Keras {of_keras[0, 0]}, scratchnn {layer(tiny)[0, 0]}")
assert np.signbit(relu[0])
assert of_keras[0, 0] == 0
assert layer(tiny)[0, 0] > 0
assert check_call(layer, (tiny,), {}, None, of_keras).agrees
