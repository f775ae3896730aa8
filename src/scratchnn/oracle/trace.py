"""Record what each layer of a Keras model was given and gave, while the model runs."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .kernels import lacks_float64
from .steps import directions, show_steps
from .structures import gather_inputs, has_separate_inputs, to_numpy, to_tensor
from .twin import Call, float64_twin


@dataclass(frozen=True)
class KerasCall:
    """One call of a layer inside a Keras model, with the values that Keras gave it.

    Attributes:
        layer: the layer's name, behind the names of the nested models that it is in.
        index: which call of that layer it is, from 0.
        args: positional arguments, as arrays (or lists of them); query, value and key of attention are one list.
        kwargs: keyword arguments other than mask and training.
        mask: the mask that Keras passed, or None.
        output: the float32 output or outputs.
        output64: the same in float64, or None where the layer has no float64 form, or TensorFlow none for it.
        sequence, sequence64: the outputs of all steps of a recurrent layer that returned the last alone (for
            Bidirectional those of its forward and of its backward layer, in the order of reading).
        lacks_float64: whether TensorFlow has no float64 for what the layer does.
    """

    layer: tuple[str, ...]
    index: int
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    mask: Any
    output: Any
    output64: Any
    sequence: Any = None
    sequence64: Any = None
    lacks_float64: bool = False


def record_calls(keras: Any, model: Any, x: Any) -> list[KerasCall]:
    """Run a model on a batch and return each call of each of its layers, in order.

    Args:
        keras: the module.
        model: a Keras model; its layers are as they were when this returns.
        x: one batch of input, as the model takes it.
    """
    calls: list[KerasCall] = []
    leaves = list(_leaves(model))
    before = {id(leaf): vars(leaf)["call"] for _, leaf in leaves if "call" in vars(leaf)}
    for path, layer in leaves:
        layer.call = _recorder(keras, path, layer, calls)
    try:
        model(to_tensor(keras, x), training=False)
    finally:
        for _, leaf in leaves:
            for layer in (leaf, *directions(leaf)):
                vars(layer).pop("call", None)
            if id(leaf) in before:
                leaf.call = before[id(leaf)]
    return calls


def _recorder(keras: Any, path: tuple[str, ...], layer: Any, calls: list[KerasCall]) -> Callable[..., Any]:
    """The layer's `call`, which also records what went in and came out."""
    twin, take_steps, count = float64_twin(keras, layer), show_steps(layer), Counter[str]()
    original, separate = layer.call, has_separate_inputs(layer)

    def call(*args: Any, **kwargs: Any) -> Any:
        output = original(*args, **kwargs)
        rest = {key: value for key, value in kwargs.items() if key not in ("mask", "training")}
        mask = kwargs.get("mask", _carried_masks(args))
        if separate:
            args, rest, mask = gather_inputs(args, rest)
        given = to_numpy(args), to_numpy(rest), to_numpy(mask)
        (output64, steps64), lacks = _in_float64(twin, given)
        results = (to_numpy(output), output64, take_steps(), steps64)
        calls.append(KerasCall(path, count["calls"], *given, *results, lacks_float64=lacks))
        count["calls"] += 1
        return output

    return call


def _in_float64(twin: Call | None, given: tuple[Any, Any, Any]) -> tuple[tuple[Any, Any], bool]:
    """What the twin gives, or nothing, and whether that is since TensorFlow has no float64 for it."""
    if twin is None:
        return (None, None), False
    try:
        return twin(*given), False
    except Exception as error:  # TensorFlow's own errors are not imported here
        if lacks_float64(error):
            return (None, None), True
        raise


def _carried_masks(args: tuple[Any, ...]) -> list[Any] | None:
    """The masks that the tensors of a list carry, for a merge layer, which takes them from there; else None."""
    tensors = args[0] if args else None
    masks = [getattr(tensor, "_keras_mask", None) for tensor in tensors] if isinstance(tensors, list) else []
    return masks if any(mask is not None for mask in masks) else None


def _leaves(model: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """All layers and operations of a model that are not models themselves, with the names that lead to them."""
    for operation in getattr(model, "operations", None) or model.layers:
        if hasattr(inner_model(operation), "get_layer"):
            yield from _leaves(inner_model(operation), (*path, operation.name))
        elif type(operation).__name__ != "InputLayer":
            yield (*path, operation.name), operation


def inner_model(layer: Any) -> Any:
    """The layer itself, or what TimeDistributed applies to each step."""
    return layer.layer if type(layer).__name__ == "TimeDistributed" else layer
