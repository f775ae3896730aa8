"""Max pooling on TensorFlow drops a NaN, and gives the lowest finite number for a window of -inf.

NumPy's maximum, and with it scratchnn, gives NaN and -inf. What hides a NaN hides that a model has diverged.
"""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from scratchnn.agreement import check_call
from scratchnn.layers.max_pooling2d import MaxPooling2D

x = np.array([[1, np.nan, -np.inf, -np.inf]], np.float32).reshape(1, 1, 4, 1)
of_keras = np.asarray(keras.layers.MaxPooling2D((1, 2))(x))
layer = MaxPooling2D((1, 2), None)
print("Keras    ", of_keras.ravel())
print("scratchnn", layer(x).ravel())
print(check_call(layer, (x,), {}, None, of_keras))
assert of_keras.ravel().tolist() == [1, np.finfo(np.float32).min]
assert np.isnan(layer(x).ravel()[0])
assert layer(x).ravel()[1] == -np.inf
assert check_call(layer, (x,), {}, None, of_keras).agrees  # left to Keras by the rule
