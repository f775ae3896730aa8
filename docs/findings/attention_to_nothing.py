"""MultiHeadAttention, a step that may attend to nothing: the mean of all values; 0 with dropout or scores.

Keras has two ways to compute it. Its operation for attention gives equal shares; where the layer forms the scores
itself, because it has dropout (which does nothing at inference) or returns them, its Softmax sets them to 0.
"""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

x, nothing = np.random.default_rng(0).normal(size=(1, 3, 2)).astype(np.float32), np.zeros((1, 3, 3), bool)
plain = keras.layers.MultiHeadAttention(1, 2)
dropping = keras.layers.MultiHeadAttention(1, 2, dropout=0.5)
outputs = [np.asarray(plain(x, x, attention_mask=nothing)), np.asarray(dropping(x, x, attention_mask=nothing))]
print("without and with dropout:", outputs[0][0, 0], outputs[1][0, 0])
assert np.any(outputs[0] != 0)
assert np.all(outputs[1] == 0)
