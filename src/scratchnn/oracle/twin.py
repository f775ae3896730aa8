"""A layer of Keras once more, in float64: what its float32 result is measured against."""

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .kernels import broadcast_sums, run_channels_first
from .steps import show_steps
from .structures import cast_numbers, has_separate_inputs, map_leaves, to_numpy, to_tensor

# A layer as a function of positional arguments, keyword arguments and mask: its output, and its steps or None.
Call = Callable[[Any, Any, Any], tuple[Any, Any]]


def float64_twin(keras: Any, layer: Any) -> Call | None:
    """The same layer in float64, or None where it has no float form.

    Args:
        keras: the module.
        layer: a built layer, or an operation.
    """
    dtype_name = getattr(layer, "compute_dtype", None)
    if dtype_name is None:  # an operation: it has neither weights nor a dtype of its own
        if str(getattr(layer, "dtype", None)).startswith("float"):
            return None  # unless it makes floats of a dtype that it names, as a cast does
        operation = layer.call

        def operate(args: Any, kwargs: Any, mask: Any) -> tuple[Any, Any]:
            with broadcast_sums(keras):
                return to_numpy(operation(*_wide(keras, args), **_wide(keras, kwargs))), None

        return operate
    if not dtype_name.startswith("float"):
        return None
    twin = keras.layers.deserialize(_in_float64(keras.layers.serialize(layer)))
    run_channels_first(keras, twin._flatten_layers())
    # Beside weights whole numbers become floats, in some layers (BatchNormalization) float32 whatever the dtype.
    kinds = "fiu" if layer.get_weights() else "f"
    weights, take_steps, separate = layer.get_weights(), show_steps(twin), has_separate_inputs(twin)

    def call(args: Any, kwargs: Any, mask: Any) -> tuple[Any, Any]:
        args, kwargs = _wide(keras, args, kinds), _wide(keras, kwargs)
        if isinstance(mask, list):
            _carry_masks(args[0], to_tensor(keras, mask))
        elif mask is not None:
            kwargs = {**kwargs, "mask": to_tensor(keras, mask)}
        if not twin.built:
            shapes = map_leaves(lambda tensor: tuple(tensor.shape), args[0])
            twin.build(*shapes) if separate else twin.build(shapes)
        twin.set_weights(weights)
        if weights and hasattr(twin, "finalize_state"):
            twin.finalize_state()  # Normalization works with a copy of its weights
        if "training" in inspect.signature(twin.call).parameters:
            kwargs = {**kwargs, "training": False}  # image augmentation takes it for granted that it trains
        with broadcast_sums(keras):
            return to_numpy(twin(*(args[0] if separate else args), **kwargs)), take_steps()

    return call


def _wide(keras: Any, structure: Any, kinds: str = "f") -> Any:
    """Arrays as tensors, floats among them (or other kinds of numbers too) in float64."""
    return to_tensor(keras, cast_numbers(structure, np.float64, kinds))


def _carry_masks(tensors: list[Any], masks: list[Any]) -> None:
    for tensor, mask in zip(tensors, masks, strict=True):
        if mask is not None:
            tensor._keras_mask = mask


def _in_float64(config: Any) -> Any:
    """A serialized layer with every dtype of it, and of the layers inside it, float64."""
    if isinstance(config, Mapping):
        return {key: "float64" if key == "dtype" else _in_float64(value) for key, value in config.items()}
    if isinstance(config, list | tuple):
        return type(config)(map(_in_float64, config))
    return copy.copy(config)
