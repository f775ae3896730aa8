"""What TensorFlow has no code for on the CPU, what Keras hands it wrongly, and what is done about it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

# Keras gives TensorFlow channels_first as it is for these, where it has channels_last alone.
CHANNELS_LAST_ALONE = ("Conv1D", "Conv2D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
# How TensorFlow says that it has an operation, but not in float64: "Value for attr 'T' of double is not in the
# list of allowed values" (MaxPool3D), "Could not find device for node ... T=DT_DOUBLE" (AvgPool3D).
NO_KERNEL = re.compile(
    r"of (\w+) is not in the list of allowed values|(?:No OpKernel|device for node).*?DT_(\w+)", re.S
)
NODE = re.compile(r"\{\{node (\w+)\}\}|Op<name=(\w+)|\[Op:(\w+)\]")
DTYPES = {"half": "float16", "float": "float32", "double": "float64"}
FAILURES = ("InvalidArgumentError", "NotFoundError", "UnimplementedError")


def lacking(error: Exception) -> tuple[str, str] | None:
    """The operation and the dtype, where this is how TensorFlow says that it has not the one in the other."""
    found = NO_KERNEL.search(str(error)) if type(error).__name__ in FAILURES else None
    if found is None:
        return None
    node, dtype = NODE.search(str(error)), (found[1] or found[2]).lower()
    name = next(filter(None, node.groups()), "") if node is not None else ""
    return name or "such operation", DTYPES.get(dtype, dtype)


def lacks_float64(error: Exception) -> bool:
    """Whether this is TensorFlow's way to say that it has no float64 for an operation."""
    found = lacking(error)
    return found is not None and found[1] == "float64"


def run_channels_first(keras: Any, layers: Iterator[Any]) -> list[str]:
    """Let convolutions that the CPU does not run run with the channels moved last, and back behind it.

    Args:
        keras: the module.
        layers: of a model, those inside others too.

    Returns:
        The names of those that it was done to.
    """
    if keras.backend.backend() != "tensorflow":
        return []
    found = [
        layer
        for layer in layers
        if type(layer).__name__ in CHANNELS_LAST_ALONE
        and layer.data_format == "channels_first"
        and "call" not in vars(layer)
    ]
    for layer in found:
        layer.call = _with_channels_last(keras, layer, layer.call)
    return [layer.name for layer in found]


def _with_channels_last(keras: Any, layer: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    """The layer's `call` for channels_first, by way of channels_last; the kernel is the same in both."""

    def call(inputs: Any) -> Any:
        layer.data_format = "channels_last"
        try:
            return keras.ops.moveaxis(original(keras.ops.moveaxis(inputs, 1, -1)), -1, 1)
        finally:
            layer.data_format = "channels_first"

    return call


@contextmanager
def broadcast_sums(keras: Any) -> Iterator[None]:
    """Let sums broadcast, as Keras documents them.

    On TensorFlow it adds what looks like a bias along the last axis if the size is the same (docs/findings.md); of
    two tensors of one shape none does.
    """
    numpy = keras.src.backend.numpy
    original = numpy.add

    def add(x1: Any, x2: Any) -> Any:
        shapes = [tuple(x.shape) for x in (x1, x2) if hasattr(x, "shape")]
        if all(len(shape) > 1 and None not in shape for shape in shapes) and len(shapes) == 2:
            shape = np.broadcast_shapes(*shapes)
            x1, x2 = numpy.broadcast_to(x1, shape), numpy.broadcast_to(x2, shape)
        return original(x1, x2)

    numpy.add = add
    try:
        yield
    finally:
        numpy.add = original
