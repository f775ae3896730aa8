"""Nested tuples, lists and dicts of arrays and tensors, as Keras passes them around."""

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
    """Tensors as arrays; everything else as it is."""
    return map_leaves(lambda leaf: np.asarray(leaf) if hasattr(leaf, "shape") else leaf, structure)


def to_tensor(keras: Any, structure: Any) -> Any:
    """Arrays as tensors; TensorFlow alone has some of texts, and takes no mixture of tensors and arrays."""
    kinds = "fiubUO" if keras.backend.backend() == "tensorflow" else "fiub"

    def convert(leaf: Any) -> Any:
        known = isinstance(leaf, np.ndarray) and leaf.dtype.kind in kinds
        return keras.ops.convert_to_tensor(leaf) if known else leaf

    return map_leaves(convert, structure)


def cast_floats(structure: Any, dtype: Any) -> Any:
    """Float arrays in that dtype; everything else as it is."""

    def cast(leaf: Any) -> Any:
        return leaf.astype(dtype) if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f" else leaf

    return map_leaves(cast, structure)
