"""Arrays of Keras 1 and 2, of CuDNN layers and of Theano, in the layout of Keras 3.

Keras 2 does the same when it loads an older file: `preprocess_weights_for_loading` in keras/engine/saving.py,
https://github.com/keras-team/keras/blob/2.2.4/keras/engine/saving.py
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..spec import Array, Weight

CONVOLUTIONS = {"Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose"}
# Where Keras 1 has the arrays of gate after gate (kernel, recurrent kernel, bias), and the order of Keras 3.
GATES = {"LSTM": (0, 2, 1, 3), "GRU": (0, 1, 2)}


def modern_weights(
    class_name: str, config: Mapping[str, Any], weights: Sequence[Weight], version: int, backend: str | None
) -> tuple[Weight, ...]:
    """The arrays of a layer in Keras 3's layout.

    Args:
        class_name, config: in Keras 3's words.
        weights: as the file has them.
        version: the major version of the Keras that wrote the file.
        backend: the backend that it notes, or None.
    """
    if version >= 3 or not weights:
        return tuple(weights)
    inner = config.get("layer")
    if class_name in ("Bidirectional", "TimeDistributed") and isinstance(inner, Mapping):
        parts = [weights] if class_name == "TimeDistributed" else _halves(weights)
        inner_class, inner_config = str(inner.get("class_name")), inner.get("config") or {}
        return tuple(
            weight
            for part in parts
            for weight in modern_weights(inner_class, inner_config, part, version, backend)
        )
    names, arrays = [weight.name for weight in weights], [np.asarray(weight.value) for weight in weights]
    if class_name in GATES:
        names, arrays = _recurrent(class_name, names, arrays)
    elif class_name in CONVOLUTIONS:
        arrays[0] = _kernel(class_name, config, arrays[0], version, backend)
    return tuple(map(Weight, names, arrays))


def _halves(weights: Sequence[Weight]) -> list[Sequence[Weight]]:
    half = len(weights) // 2
    return [weights[:half], weights[half:]]


def _recurrent(class_name: str, names: list[str], arrays: list[Array]) -> tuple[list[str], list[Array]]:
    """Kernel, recurrent kernel and bias of all gates in one, from separate gates or from CuDNN."""
    order = GATES[class_name]
    if len(arrays) == 3 * len(order):
        joined = [np.concatenate([arrays[3 * gate + kind] for gate in order], axis=-1) for kind in range(3)]
        return ["kernel", "recurrent_kernel", "bias"], joined
    if len(arrays) == 3 and arrays[1].ndim == 2 and arrays[2].shape == (2 * arrays[1].shape[1],):
        return names, _from_cudnn(class_name, arrays, len(order))
    return names, arrays


def _from_cudnn(class_name: str, arrays: list[Array], gates: int) -> list[Array]:
    """CuDNN keeps each gate's matrices transposed, and a bias for the input and one for the state."""
    kernel, recurrent, bias = arrays
    if kernel.ndim != 2 or kernel.shape[1] != recurrent.shape[1] or kernel.shape[1] % gates:
        return arrays  # not what CuDNN has: the layer says what it expected
    kernel = np.hstack([part.T.reshape(part.shape, order="F") for part in np.hsplit(kernel, gates)])
    if recurrent.shape[0] * gates == recurrent.shape[1]:
        recurrent = np.hstack([part.T for part in np.hsplit(recurrent, gates)])
    both = bias.reshape(2, -1)
    return [kernel, recurrent, both if class_name == "GRU" else both[0] + both[1]]


def _kernel(class_name: str, config: Mapping[str, Any], kernel: Array, version: int, backend: str | None) -> Array:
    """(*kernel_size, in, out), or (*kernel_size, out, in) of a transposed convolution, for correlation."""
    first = config.get("data_format") == "channels_first"
    if version == 1 and class_name == "Conv1D" and kernel.ndim == 4:
        if kernel.shape[1] != 1:  # Keras 1.1: (filters, in, length, 1)
            kernel = np.transpose(kernel, (2, 3, 1, 0))
        kernel = kernel[:, 0]  # (length, 1, in, filters)
    elif version == 1 and class_name == "Conv2D" and first and kernel.ndim == 4:
        kernel = np.transpose(kernel, (2, 3, 1, 0))  # from (filters, in, rows, columns)
    elif version == 1 and class_name == "Conv2DTranspose" and kernel.ndim == 4:
        # from (filters, in, rows, columns), or (rows, columns, in, filters)
        kernel = np.transpose(kernel, (2, 3, 0, 1) if first else (0, 1, 3, 2))
    if backend == "theano":  # it convolves where the others correlate
        kernel = np.flip(kernel, axis=tuple(range(kernel.ndim - 2)))
    return kernel
