"""What the caller gives to a model, checked against what the model takes."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import InputError
from ..layers.base import Array, Layer
from ..layers.operations import Operation
from ..spec import ModelSpec, Shape, TensorRef, tensor_refs
from .building import shape_text

Values = dict[TensorRef, Any]


def uncast_inputs(spec: ModelSpec, layers: Mapping[str, Layer]) -> frozenset[TensorRef]:
    """The inputs that are read by what casts none: an operation (`x + 1`), or a layer without autocast."""
    uncast = [node for node in spec.nodes if _casts_nothing(layers[node.layer])]
    return frozenset(ref for node in uncast for ref in tensor_refs(node.args)).intersection(spec.inputs)


def _casts_nothing(layer: Layer) -> bool:
    return isinstance(layer, Operation) or not layer.autocast


def checked_inputs(
    spec: ModelSpec,
    shapes: Sequence[Shape],
    x: Any,
    uncast: Collection[TensorRef] = (),
    dtype: np.dtype[Any] | None = None,
) -> Values:
    """The given input by tensor.

    Args:
        spec: the model.
        shapes: of its inputs, batch axis first.
        x: an array, or one an input in a list or a dict by name.
        uncast: the inputs that come in their dtype to what reads them.
        dtype: the float dtype that the model computes in, where that is not the one of the file.

    Raises:
        InputError: another number of inputs, another rank or size, no elements, unequal numbers of samples.
    """
    values: Values = {}
    for ref, value, shape in zip(spec.inputs, listed_inputs(spec, x), shapes, strict=True):
        array = _adjust_rank(np.asarray(value), shape)
        _check(spec, ref, array, shape)
        values[ref] = _in_dtype(spec, ref, array, dtype, ref in uncast)
    if len({len(value) for value in values.values()}) > 1:
        sizes = {ref.layer: len(value) for ref, value in values.items()}
        raise InputError(f"Model {spec.name!r}: expected as many samples for each input, got {sizes}")
    return values


def _check(spec: ModelSpec, ref: TensorRef, value: Array, shape: Shape) -> None:
    same = len(value.shape) == len(shape) and all(
        n in (None, m) for n, m in zip(shape[1:], value.shape[1:], strict=True)
    )
    if not same:
        raise InputError(
            f"Model {spec.name!r}, input {ref.layer!r}: expected shape {shape_text(shape)}, "
            f"got {shape_text(value.shape)}"
        )
    if value.size == 0:
        raise InputError(f"Model {spec.name!r}, input {ref.layer!r}: the input is empty: {value.shape}")


def _in_dtype(
    spec: ModelSpec, ref: TensorRef, value: Array, computed: np.dtype[Any] | None, uncast: bool
) -> Array:
    """Numbers in the dtype of the input: as its integers, or as its floats where nothing casts them.

    Layers cast what they are given; before that floats are rounded to float16 where the input is of that.

    Raises:
        InputError: fractions, or numbers beyond the dtype, which Keras cuts off without a word.
    """
    dtype = spec.layer(ref.layer).config.get("dtype", "float32")
    if value.dtype.kind not in "fiub" or not isinstance(dtype, str):
        return value
    if dtype.startswith(("int", "uint", "bool")):
        return _whole(value, dtype, f"Model {spec.name!r}, input {ref.layer!r}")
    if dtype == "float16" and value.dtype.kind == "f":
        value = value.astype(dtype).astype(value.dtype)
    uncast = uncast and dtype in ("float16", "float32", "float64")
    return value.astype(computed or dtype, copy=False) if uncast else value


def _whole(value: Array, dtype: str, where: str) -> Array:
    """Numbers in the dtype of an input of whole numbers or of truth values."""
    if value.dtype == dtype:
        return value
    expected = f"{where}: expected {'truth values' if dtype == 'bool' else 'whole numbers'} ({dtype})"
    if value.dtype.kind == "f" and not np.array_equal(value, np.trunc(value)):
        raise InputError(f"{expected}, got fractions")
    low, high = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    if not low <= value.min() <= value.max() <= high:
        raise InputError(f"{expected}, got {value.min():g} to {value.max():g}")
    return value.astype(dtype)


def _adjust_rank(value: Array, shape: Shape) -> Array:
    """The value with a last axis of size 1 added or taken off, where that is all it needs (as Keras does)."""
    if value.ndim == len(shape) - 1 and shape[-1] == 1:
        return value[..., None]
    if value.ndim == len(shape) + 1 and value.shape[-1] == 1:
        return value[..., 0]
    return value


def listed_inputs(spec: ModelSpec, x: Any) -> list[Any]:
    """One value for each input, in the order of the model.

    Raises:
        InputError: another number of inputs, or other names.
    """
    names = list(spec.input_names) or [ref.layer for ref in spec.inputs]
    if isinstance(x, Mapping):
        if set(x) != set(names):
            raise InputError(f"Model {spec.name!r}: expected inputs {names}, got {sorted(x)}")
        return [x[name] for name in names]
    if len(names) == 1:
        listed = spec.nested_inputs and isinstance(x, list | tuple) and len(x) == 1 and np.ndim(x[0]) > 0
        return [x[0] if listed else x]
    if not isinstance(x, list | tuple) or len(x) != len(names):
        got = len(x) if isinstance(x, list | tuple) else type(x).__name__
        raise InputError(f"Model {spec.name!r}: expected {len(names)} inputs {names}, got {got}")
    return list(x)
