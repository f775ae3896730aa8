"""Softmax of a row that is masked throughout: zeros today, equal shares in Keras 3.6.

The older version adds a large negative number to each masked element, which leaves a row of them as it was; the
newer one sets the masked results to zero.
"""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

of_keras = np.asarray(keras.layers.Softmax()(np.zeros((1, 4), np.float32), mask=np.zeros((1, 4), bool)))
print(f"Keras {keras.__version__}:", of_keras.tolist())
assert np.array_equal(of_keras, np.full((1, 4), 0.25 if keras.__version__.startswith("3.6.") else 0.0))
