"""keras.ops.add on TensorFlow takes an operand that looks like a bias for one, and adds it along another axis.

NumPy's broadcasting adds (3, 1) to (2, 3, 3) along the middle axis; Keras 3.15 squeezes it and adds it along the
last; and it adds (1, 1, 2) to (1, 2, 1) along the second axis, so that even the shape is another. scratchnn
broadcasts, as Keras documents and as its other backends do.
"""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

x, y = np.zeros((1, 3, 3), np.float32), np.array([[1], [2], [3]], np.float32)
of_keras = np.asarray(keras.ops.add(x, y))
print("Keras:", of_keras[0].tolist())
print("NumPy:", (x + y)[0].tolist())
assert np.array_equal(of_keras[0, 0], [1, 2, 3])
assert np.array_equal((x + y)[0, 0], [1, 1, 1])

column, row = np.array([[[1], [2]]], np.float32), np.array([[[10, 20]]], np.float32)
of_keras = np.asarray(keras.ops.add(column, row))
print("Keras:", of_keras.tolist())
print("NumPy:", (column + row).tolist())
assert np.array_equal(of_keras, [[[11], [22]]])
assert np.array_equal(column + row, [[[11, 21], [12, 22]]])
