"""Keras on JAX: a recurrent layer that has seen masked steps alone gives its state, on TensorFlow it gives zeros.

Before the first step that counts there is no output to be repeated. TensorFlow and PyTorch begin with zeros, JAX
with the first of the states. It shows where an initial state is given. Needs jax.
"""

import os

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np

x, mask = np.ones((1, 1, 1), np.float32), np.zeros((1, 1), bool)
of_keras = float(keras.layers.SimpleRNN(1)(x, mask=mask, initial_state=np.full((1, 1), 0.5, np.float32))[0, 0])
print("the only step masked, initial state 0.5:", of_keras)
assert of_keras == 0.5
