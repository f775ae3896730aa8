"""Padding and sliding windows: the arithmetic that convolution and pooling share, for any number of axes.

Arrays are channels-last, `(batch, *spatial, channels)`; the tuples have one entry for each spatial axis.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[Any]
Sizes = tuple[int, ...]


def effective_size(kernel: int, dilation: int) -> int:
    """Positions that a kernel of `kernel` taps covers when its taps lie `dilation` apart."""
    return (kernel - 1) * dilation + 1


def output_size(size: int, kernel: int, stride: int, dilation: int, padding: str) -> int:
    """Number of windows along one axis; 0 or less where a 'valid' window does not fit.

    Source: https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
    """
    if padding == "valid":
        return (size - effective_size(kernel, dilation)) // stride + 1
    return -(-size // stride)


def axis_padding(size: int, kernel: int, stride: int, dilation: int, padding: str) -> tuple[int, int]:
    """Positions to add before and after one axis.

    'same' adds what the last window lacks, the odd one *after* (so the amount depends on the stride);
    'causal' adds everything before, so that no output sees a later input; 'valid' adds nothing.
    """
    reach = effective_size(kernel, dilation)
    if padding == "valid":
        return 0, 0
    if padding == "causal":
        return reach - 1, 0
    missing = max((output_size(size, kernel, stride, dilation, padding) - 1) * stride + reach - size, 0)
    return missing // 2, missing - missing // 2


def pad(x: Array, kernel: Sizes, strides: Sizes, dilation: Sizes, padding: str, value: float = 0.0) -> Array:
    """Pad the spatial axes of x `(batch, *spatial, channels)` with `value`, as `padding` asks."""
    spatial = x.shape[1:-1]
    amounts = [axis_padding(*axis, padding) for axis in zip(spatial, kernel, strides, dilation, strict=True)]
    if not any(map(any, amounts)):
        return x
    return np.pad(x, [(0, 0), *amounts, (0, 0)], constant_values=value)


def window_view(x: Array, kernel: Sizes, strides: Sizes, dilation: Sizes) -> Array:
    """All windows of a padded x, without copying: `(batch, *out, *kernel, channels)`."""
    axes = tuple(range(1, x.ndim - 1))
    reach = tuple(map(effective_size, kernel, dilation))
    windows = sliding_window_view(x, reach, axis=axes)  # (batch, *positions, channels, *reach)
    windows = np.moveaxis(windows, len(axes) + 1, -1)  # (batch, *positions, *reach, channels)
    steps = [slice(None, None, step) for step in (*strides, *dilation)]
    view: Array = windows[(slice(None), *steps)]
    return view


def taps(x: Array, kernel: Sizes, strides: Sizes, dilation: Sizes) -> Iterator[Array]:
    """For each kernel position, what the windows of a padded x see there: views `(batch, *out, channels)`."""
    counts = [
        output_size(size, k, s, d, "valid")
        for size, k, s, d in zip(x.shape[1:-1], kernel, strides, dilation, strict=True)
    ]
    for position in product(*map(range, kernel)):
        slices = [
            slice(p * d, p * d + (n - 1) * s + 1, s)
            for p, d, n, s in zip(position, dilation, counts, strides, strict=True)
        ]
        yield x[(slice(None), *slices)]
