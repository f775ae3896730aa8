"""Bilinear resizing on TensorFlow is computed in float32 whatever the dtype.

The criterion allows Keras's float64 result of an interpolating UpSampling2D the precision of float32.
"""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from scratchnn.layers.up_sampling2d import UpSampling2D

x = np.linspace(0, 1, 5).reshape(1, 5, 1, 1) ** 2 / 3
of_keras = np.asarray(keras.layers.UpSampling2D((3, 1), interpolation="bilinear", dtype="float64")(x))
ours = UpSampling2D((3, 1), interpolation="bilinear", dtype=np.float64)(x)
difference = np.abs(of_keras - ours).max()
print(f"{of_keras.dtype}: largest difference {difference:.1e}")
assert of_keras.dtype == np.float64
assert 1e-12 < difference < 1e-6
