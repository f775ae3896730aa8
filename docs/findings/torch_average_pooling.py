"""Keras on PyTorch: average pooling with padding "same" counts the border twice where the padding is uneven.

The backend repeats the pixels at the border and then takes the mean of all of them; Keras on TensorFlow and JAX
leaves out what lies beyond the border, and so does the documentation's "evenly padded". Needs torch.
"""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

x = np.array([[[1], [4]]], np.float32)
of_keras = float(keras.layers.AveragePooling1D(3, padding="same")(x)[0, 0, 0])
print("Keras on PyTorch:", of_keras, "- the mean of 1, 4 and 4")
print("without the padding:", x.mean())
assert of_keras == 3.0
assert x.mean() == 2.5
