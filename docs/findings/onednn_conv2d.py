"""TensorFlow 2.21's float32 Conv2D is wrong under oneDNN on AVX-512; scratchnn's verdict says so.

It turns oneDNN on before TensorFlow is imported. Exit code 0: Keras is right (another CPU, another TensorFlow).
3: the bug shows, and the verdict is that Keras is off. 1: anything else.
"""

import os
import sys

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from scratchnn.agreement import Verdict, check_call
from scratchnn.layers.conv2d import Conv2D

X = np.arange(2 * 2 * 3, dtype=np.float32).reshape(2, 2, 3, 1)
KERNEL = np.ones((1, 2, 1, 1), np.float32)


def keras_result(dtype: str) -> np.ndarray:
    """Keras's Conv2D with a kernel of (1, 2) and strides of (1, 2), without padding."""
    layer = keras.layers.Conv2D(1, (1, 2), strides=(1, 2), use_bias=False, dtype=dtype)
    layer.build(X.shape)
    layer.set_weights([KERNEL.astype(dtype)])
    return np.asarray(layer(X.astype(dtype)))


def main() -> int:
    """Print both results and the verdict."""
    layer = Conv2D(KERNEL, None, None, "valid", strides=(1, 2), use_bias=False)
    reference = keras_result("float32")
    result = check_call(layer, (X,), {}, None, reference, reference64=keras_result("float64"), exact=True)
    print("Keras    ", reference.ravel())
    print("scratchnn", layer(X).ravel())
    print(result)
    if result.verdict is Verdict.AGREE:
        return 0
    scratch_is_right = np.array_equal(layer(X), X[:, :, :1] + X[:, :, 1:2])
    return 3 if result.verdict is Verdict.KERAS_OFF and scratch_is_right else 1


if __name__ == "__main__":
    sys.exit(main())
