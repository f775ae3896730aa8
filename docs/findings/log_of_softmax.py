"""log(softmax(x)) of one model is -inf where Keras runs it layer by layer, and a number in a compiled graph."""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

x = keras.Input((2,))
model = keras.Model(x, keras.ops.log(keras.layers.Softmax()(x)))
row = np.array([[0.0, 800.0]], np.float32)

layer_by_layer = np.asarray(model(row))
compiled = model.predict_on_batch(row)
print("layer by layer:", layer_by_layer)  # exp(-800) is 0, in float64 too
print("compiled:      ", compiled)  # TensorFlow puts log_softmax in the place of both
assert layer_by_layer[0, 0] == -np.inf
assert np.isclose(compiled[0, 0], -800)
