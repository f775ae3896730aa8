"""keras.activations.sparsemax is not sparsemax: its rows do not add up to 1.

It adds up all cumulative sums over the support where the paper takes the last one
(https://arxiv.org/abs/1602.02068), in all backends. scratchnn follows Keras: a model was trained so.
"""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from scratchnn import activations

z = np.array([[1.0, 0.75, -1.0]], np.float32)
of_keras = np.asarray(keras.activations.sparsemax(keras.ops.convert_to_tensor(z)))
right = np.array([[0.625, 0.375, 0.0]])  # z - tau with tau = (1 + 0.75 - 1) / 2
print(f"sparsemax of {z[0]}: Keras {of_keras[0]}, scratchnn {activations.sparsemax(z)[0]}, the paper {right[0]}")
assert np.array_equal(of_keras, activations.sparsemax(z))
assert not np.isclose(of_keras.sum(), 1)
