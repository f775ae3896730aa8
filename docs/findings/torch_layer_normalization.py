"""Keras on PyTorch: LayerNormalization over an axis that is not the last normalizes the last ones instead.

torch.nn.functional.layer_norm takes the sizes of the axes, not the axes, and these are always the last. Where the
sizes differ it fails, where they are equal the result is that of another axis. Needs torch.
"""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

x = np.array([[[0, 1], [4, 9]]], np.float32)
layer = keras.layers.LayerNormalization(axis=[1], center=False, scale=False)
of_keras = layer(x).detach().numpy()
print("along the axis that is asked for, the mean is:", of_keras.mean(axis=1).tolist())
print("along the last axis:", of_keras.mean(axis=2).tolist())
assert np.abs(of_keras.mean(axis=2)).max() < 1e-6
assert np.abs(of_keras.mean(axis=1)).max() > 0.1
try:
    layer = keras.layers.LayerNormalization(axis=[1], center=False, scale=False)
    layer(np.zeros((1, 2, 3), np.float32))
except RuntimeError as error:
    print("with sizes 2 and 3:", str(error).splitlines()[0])
else:
    raise AssertionError("PyTorch took an axis of 2 for the last one, which has 3")
