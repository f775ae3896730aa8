"""softmax of a row with +inf: NaN throughout in NumPy; on TensorFlow it depends on the kernel (oneDNN or not).

inf - inf is NaN, so the row has no meaning. The criterion leaves it to Keras, and holds scratchnn to NaN.
"""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from scratchnn.agreement import check_call
from scratchnn.layers.softmax import Softmax

x = np.array([[np.inf, 1, 2], [0, 1, 2]], np.float32)
of_keras, layer = np.asarray(keras.layers.Softmax()(x)), Softmax()
print("Keras    ", of_keras[0])
with np.errstate(invalid="ignore"):
    print("scratchnn", layer(x)[0])
assert np.isnan(of_keras[0, 0])
assert check_call(layer, (x,), {}, None, of_keras).agrees
