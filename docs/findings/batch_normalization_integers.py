"""BatchNormalization with dtype float64 of whole numbers is computed in float32, and then called float64."""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from scratchnn.layers.batch_normalization import BatchNormalization

x = np.array([[3, 7]], np.int32)
layer = keras.layers.BatchNormalization(dtype="float64")
of_whole, of_floats = np.asarray(layer(x)), np.asarray(layer(x.astype(np.float64)))
print("of integers", of_whole, of_whole.dtype)
print("of floats  ", of_floats)
print("scratchnn  ", BatchNormalization(np.zeros(2), np.ones(2), dtype=np.float64)(x))
assert of_whole.dtype == np.float64
assert not np.array_equal(of_whole, of_floats)
assert np.array_equal(of_whole, of_whole.astype(np.float32))
