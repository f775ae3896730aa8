"""TensorFlow's relu lets a negative number below the normal range through: relu(-1.1e-43) is -1.1e-43.

It compares such a number as if it were zero, and of two equal numbers returns the first. scratchnn gives 0.
"""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from scratchnn import activations

x = np.array([[-1.1e-43, -2.25, 1.68]], np.float32)
of_keras = np.asarray(keras.activations.relu(keras.ops.convert_to_tensor(x)))
ours = activations.relu(x)
print(f"relu of {x[0]}: Keras {of_keras[0]}, scratchnn {ours[0]}")
assert of_keras[0, 0] < 0
assert ours[0, 0] == 0
