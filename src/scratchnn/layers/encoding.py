"""Ids as vectors, as CategoryEncoding and Discretization give them."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import InputError
from ..spec import Shape
from .base import Array

MODES = ("one_hot", "multi_hot", "count")


def encoded(ids: Array, depth: int, mode: str, dtype: DTypeLike) -> Array:
    """Each id as a vector of 0 and 1, or the ids of a sample as one vector of truth values or counts.

    Args:
        ids: (batch, length) of integers in [0, depth), or any rank of 2 or more for 'one_hot'.
        depth: length of the vectors.
        mode: 'one_hot', 'multi_hot' or 'count'.
        dtype: of the result.

    Returns:
        (batch, depth), or for 'one_hot' (..., depth) with a last axis of size 1 taken away first.
    """
    if mode == "one_hot" and ids.shape[-1] == 1:
        ids = ids[..., 0]
    found = ids[..., None] == np.arange(depth)
    if mode == "one_hot":
        return found.astype(dtype)
    return (found.any(axis=1) if mode == "multi_hot" else found.sum(axis=1)).astype(dtype)


def encoded_shape(label: str, input_shape: Shape, depth: int, mode: str) -> Shape:
    """The shape of the vectors.

    Raises:
        InputError: a rank that no vectors of samples come from.
    """
    if len(input_shape) < 2 or (mode != "one_hot" and len(input_shape) > 2):
        raise InputError(f"{label}: expected input of shape (batch, length), got shape {tuple(input_shape)}")
    whole = mode == "one_hot" and input_shape[-1] != 1
    rest: Any = input_shape if whole else input_shape[:-1]
    return (*rest, depth)
