"""Nested tuples, lists and dicts of arrays and tensors, as Keras passes them around."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


def map_leaves(function: Callable[[Any], Any], structure: Any) -> Any:
    """The structure of tuples, lists and dicts with the function applied to its leaves."""
    if isinstance(structure, Mapping):
        return {key: map_leaves(function, value) for key, value in structure.items()}
    if isinstance(structure, list | tuple):
        kind = list if isinstance(structure, list) else tuple  # a named tuple too, as of TensorFlow's top_k
        return kind(map_leaves(function, value) for value in structure)
    return function(structure)


def to_numpy(structure: Any) -> Any:
    """Tensors as arrays, bytes, as which TensorFlow has texts, as str; everything else as it is."""

    def convert(leaf: Any) -> Any:
        array = np.asarray(leaf) if hasattr(leaf, "shape") else leaf
        return _each(array, bytes, lambda text: text.decode(errors="surrogateescape"))

    return map_leaves(convert, structure)


def to_tensor(keras: Any, structure: Any) -> Any:
    """Arrays as tensors; TensorFlow alone has some of texts, and takes no mixture of tensors and arrays."""
    kinds = "fiubUO" if keras.backend.backend() == "tensorflow" else "fiub"

    def convert(leaf: Any) -> Any:
        known = isinstance(leaf, np.ndarray) and leaf.dtype.kind in kinds
        texts = _each(leaf, str, lambda text: text.encode(errors="surrogateescape"))
        return keras.ops.convert_to_tensor(texts) if known else leaf

    return map_leaves(convert, structure)


def _each(leaf: Any, kind: type, change: Callable[[Any], Any]) -> Any:
    """The leaf; of an array of bytes or str, if that is the kind, what each changes to."""
    of_texts = isinstance(leaf, np.ndarray) and leaf.dtype.kind in "OS"
    if not of_texts or not all(isinstance(item, kind) for item in leaf.flat):
        return leaf
    changed = np.empty(leaf.shape, object)
    changed.reshape(-1)[:] = [change(item) for item in leaf.flat]
    return changed


def cast_numbers(structure: Any, dtype: Any, kinds: str = "f") -> Any:
    """Float arrays (or those of other kinds too) in that dtype; everything else as it is."""

    def cast(leaf: Any) -> Any:
        return leaf.astype(dtype) if isinstance(leaf, np.ndarray) and leaf.dtype.kind in kinds else leaf

    return map_leaves(cast, structure)


def has_separate_inputs(layer: Any) -> bool:
    """Whether query, value and key are arguments of their own, each with a mask, as in MultiHeadAttention."""
    return {"query", "value", "query_mask"} <= set(inspect.signature(layer.call).parameters)


def gather_inputs(
    args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[Any, dict[str, Any], list[Any] | None]:
    """What Keras calls such a layer with, as scratchnn has it: the inputs in one list, and their masks in one.

    Returns:
        Positional arguments, keyword arguments, and the masks, or None where there are none.
    """
    names = ("query", "value", "key")
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    found = {name: given.pop(name, None) for name in names}
    masks = {name: given.pop(f"{name}_mask", None) for name in names}
    present = [name for name in names if found[name] is not None]
    listed = [masks[name] for name in present]
    rest = {key: value for key, value in given.items() if value is not None}
    return ([found[name] for name in present],), rest, listed if any(m is not None for m in listed) else None
