"""An id beyond the table: an error on TensorFlow's CPU, rubbish or zeros on other devices and backends.

scratchnn refuses it, negative ids too: NumPy would take -1 for the last row.
"""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from scratchnn.errors import InputError
from scratchnn.layers.embedding import Embedding

of_keras = keras.layers.Embedding(3, 2)
of_keras.build((1, 1))
layer = Embedding(3, 2)
for number in (3, -1):
    try:
        print(f"id {number}: Keras", np.asarray(of_keras(np.array([[number]]))).ravel())
    except Exception as error:  # which one depends on the backend
        print(f"id {number}: Keras raises {type(error).__name__}")
    try:
        layer(np.array([[number]]))
    except InputError as error:
        print(f"id {number}: scratchnn: {error}")
    else:
        raise AssertionError("scratchnn took it")
