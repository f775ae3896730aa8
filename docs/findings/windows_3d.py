"""3D convolution and pooling with padding 'same' and strides beyond the window start inside the input.

TensorFlow's documented padding is max(0, ...), so the first window starts at position 0, as it does in 1D and 2D.
Its 3D kernels on the CPU take the negative number as it is. scratchnn keeps to what is documented.
"""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from scratchnn.layers.max_pooling3d import MaxPooling3D

x = np.array([1, 2, 3], np.float32).reshape(1, 3, 1, 1, 1)
of_keras = np.asarray(keras.layers.MaxPooling3D(1, strides=3, padding="same")(x)).item()
flat = np.asarray(keras.layers.MaxPooling2D(1, strides=3, padding="same")(x[..., 0])).item()
of_scratch = MaxPooling3D(1, 3, padding="same")(x).item()
print(f"1, 2, 3 with window 1 and stride 3: Keras in 3D {of_keras}, in 2D {flat}, scratchnn in 3D {of_scratch}")
kernel = np.ones((1, 1, 1, 1, 1), np.float32)
convolved = np.asarray(keras.ops.conv(x, kernel, strides=3, padding="same")).item()
print(f"the same as a convolution with a kernel of 1: Keras {convolved}")
assert (of_keras, flat, of_scratch, convolved) == (2, 1, 1, 2)
