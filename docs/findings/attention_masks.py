"""MultiHeadAttention takes the mask off the tensors it is given, so that layers that run behind it find none.

Two layers of attention that look at the same masked tensor do not do the same: the one that runs first masks, the
other does not. A sum with the tensor has no mask either.
"""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

ids = keras.Input((4,), dtype="int32")
embedded = keras.layers.Embedding(5, 3, mask_zero=True)(ids)
first, second = (keras.layers.MultiHeadAttention(1, 2) for _ in range(2))
model = keras.Model(ids, [first(embedded, embedded), second(embedded, embedded)])
second.set_weights(first.get_weights())
masked, bare = (np.asarray(output) for output in model(np.array([[1, 2, 0, 0]], np.int32)))
without = np.asarray(second(*[model.layers[1](np.array([[1, 2, 0, 0]], np.int32)).numpy()] * 2))
print("the same layer twice, on the same tensor:", masked[0, 0], bare[0, 0], "without masks:", without[0, 0])
assert not np.allclose(masked, bare)
assert sum(np.allclose(output, without) for output in (masked, bare)) == 1
