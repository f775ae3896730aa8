"""Branches that the strength report counts, each a function of a finished run."""

from typing import Any

import numpy as np

from .entry import Branch, Run
from .geometry import window_padding


def option(run: Run, key: str, default: Any) -> Any:
    """An option of the case, or Keras's default."""
    return run.case.options.get(key, default)


def spatial(run: Run) -> tuple[int, ...]:
    """The spatial sizes of the input."""
    shape = run.case.shape
    return shape[2:] if option(run, "data_format", None) == "channels_first" else shape[1:-1]


def asymmetric_padding(run: Run) -> bool:
    """Whether 'same' adds more after an axis than before."""
    if option(run, "padding", "valid") != "same":
        return False
    kernel = option(run, "kernel_size", None) or option(run, "pool_size", None)
    ones = (1,) * len(kernel)
    axes = zip(
        spatial(run),
        kernel,
        option(run, "strides", None) or kernel,
        option(run, "dilation_rate", ones),
        strict=True,
    )
    return any(before != after for before, after in (window_padding(*axis) for axis in axes))


def stride_changes_padding(run: Run) -> bool:
    """Whether 'same' adds another amount than it would with strides of 1."""
    if option(run, "padding", "valid") != "same":
        return False
    kernel = option(run, "kernel_size", None) or option(run, "pool_size", None)
    axes = zip(spatial(run), kernel, option(run, "strides", None) or kernel, strict=True)
    return any(sum(window_padding(size, k, s)) != k - 1 for size, k, s in axes)


def stride_above_window(run: Run) -> bool:
    """Whether windows leave gaps between them."""
    window = option(run, "kernel_size", None) or option(run, "pool_size", None)
    return any(s > k for s, k in zip(option(run, "strides", None) or window, window, strict=True))


def strided(run: Run) -> bool:
    """Whether windows move by more than one."""
    return any(s > 1 for s in option(run, "strides", None) or (1,))


def uneven_strides(run: Run) -> bool:
    """Whether the strides of the axes differ."""
    return len(set(option(run, "strides", None) or (1,))) > 1


def dilated(run: Run) -> bool:
    """Whether the taps of a kernel lie apart."""
    return any(d > 1 for d in option(run, "dilation_rate", (1,)))


def convolution_branches() -> dict[str, Branch]:
    """What the examples of a convolution must reach, and how often."""
    return {
        "strided": (strided, 0.1),
        "stride changes the padding": (stride_changes_padding, 0.04),
        "stride above kernel": (stride_above_window, 0.05),
        "dilated": (dilated, 0.05),
        "no bias": (lambda run: not option(run, "use_bias", True), 0.1),
        "channels first": (lambda run: option(run, "data_format", None) == "channels_first", 0.05),
        "several filters and channels": (lambda run: min(run.scratch.weights.shape[-2:]) > 1, 0.05),
    }


def some_steps_masked(run: Run) -> bool:
    """Whether a mask skips some steps, and not all."""
    mask = run.case.mask()
    return mask is not None and 0 < np.count_nonzero(mask) < mask.size


def nonzero_state(run: Run) -> bool:
    """Whether the first state is given, and not 0."""
    states = run.case.states()
    return states is not None and any(np.any(state) for state in states)


def moving_output(run: Run) -> bool:
    """Whether outputs lie inside their range: neither 0 nor saturated at 1."""
    output = run.output[0] if isinstance(run.output, list | tuple) else run.output
    return bool(np.any((np.abs(output) > 0.02) & (np.abs(output) < 0.98)))


def unsaturated_gates(run: Run) -> bool:
    """Whether some gate of the first step stays between 0.05 and 0.95 (a cell of the layer tells)."""
    cell = run.scratch.cell
    z = cell.project(np.asarray(run.case.inputs(), np.float64))
    return bool(np.any(np.abs(z) < 3) and np.ptp(z) > 0)


def recurrent_branches() -> dict[str, Branch]:
    """What the examples of a recurrent layer must reach, and how often."""
    return {
        "mask": (some_steps_masked, 0.1),
        "non-zero state": (nonzero_state, 0.1),
        "unsaturated gates": (unsaturated_gates, 0.3),
        "output that moves": (moving_output, 0.2),
        "backwards": (lambda run: option(run, "go_backwards", False), 0.1),
        "several steps": (lambda run: run.case.shape[1] > 1, 0.4),
        "sequences": (lambda run: option(run, "return_sequences", False), 0.2),
        "state returned": (lambda run: option(run, "return_state", False), 0.1),
    }


def pooling_branches(rank: int = 2) -> dict[str, Branch]:
    """What the examples of a pooling layer must reach, and how often."""
    several_axes = {} if rank == 1 else {"uneven strides": (uneven_strides, 0.03)}
    return several_axes | {
        "asymmetric padding": (asymmetric_padding, 0.05),
        "stride changes the padding": (stride_changes_padding, 0.04),
        "stride above window": (stride_above_window, 0.03),
        "overlapping windows": (overlapping, 0.1),
        "channels first": (lambda run: option(run, "data_format", None) == "channels_first", 0.1),
    }


def overlapping(run: Run) -> bool:
    """Whether windows share positions."""
    pool = option(run, "pool_size", None)
    return any(s < k for s, k in zip(option(run, "strides", None) or pool, pool, strict=True))
