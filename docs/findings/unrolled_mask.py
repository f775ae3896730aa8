"""With unroll, Keras does not turn the mask round when it zeroes outputs of a layer that goes backwards.

zero_output_for_mask, go_backwards, return_sequences and a mask, all together: the unrolled loop zeroes the outputs
at the mirrored steps. unroll is meant to change the speed alone. scratchnn follows each: a model was trained so.
"""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from scratchnn.keras_files import layer_spec_from_keras
from scratchnn.layers import build_layer

x, mask = np.ones((1, 3, 1), np.float32), np.array([[True, True, False]])
options = {"return_sequences": True, "go_backwards": True, "zero_output_for_mask": True, "use_bias": False}
for unroll in (False, True):
    of_keras = keras.layers.SimpleRNN(1, kernel_initializer="ones", unroll=unroll, **options)
    outputs = np.asarray(of_keras(x, mask=mask)).ravel()
    layer = build_layer(layer_spec_from_keras(of_keras), x.shape)
    print(f"unroll={unroll}: Keras {outputs != 0}, scratchnn {layer(x, mask=mask).ravel() != 0} (True: not zero)")
    assert np.allclose(outputs, layer(x, mask=mask).ravel(), atol=1e-6)
    assert (outputs[2] == 0) == unroll
