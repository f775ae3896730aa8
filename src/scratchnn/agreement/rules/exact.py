"""Rules for layers that move numbers or choose among them: nothing is rounded."""

import copy
from typing import Any

import numpy as np

from ..arithmetic import Approx
from .base import Call, as_list, call_layer, distance, moved_by_constants, rule


@rule("exact")
def exact(call: Call) -> list[Approx]:
    """Reshapes, transpositions, padding, look-ups: every bit as it was."""
    if hasattr(call.layer, "options"):
        return _chosen(call)
    return [Approx(value, np.zeros(np.shape(value))) for value in call.run()]


def _chosen(call: Call) -> list[Approx]:
    """An operation that compares, clips or chooses: no rounding of its own, but of what it is given.

    The implementation may have rounded a constant and flushed numbers below the normal range to zero, so the
    results with all of that may come out too, and anything between.
    """
    values = call.run()
    layer = copy.copy(call.layer)
    layer.options = _rounded(call, call.layer.options)
    args = _flushed(call, _rounded(call, call.args))
    others = as_list(call_layer(layer, args, _rounded(call, dict(call.kwargs)), call.mask))
    results = []
    for value, other in zip(values, others, strict=True):
        below = (np.abs(value) < call.arithmetic.tiny) & np.any(_tiny_inputs(call))
        error = distance(value, other) + 2 * call.arithmetic.tiny * below
        results.append(Approx(value.astype(np.float64), error))
    return results


def _tiny_inputs(call: Call) -> list[bool]:
    """Whether each array among the arguments has numbers below the normal range."""
    return [bool(np.any(call.arithmetic.flushed(array))) for array in _arrays(call.args)]


def _arrays(structure: Any) -> list[Any]:
    if isinstance(structure, list | tuple):
        return [array for item in structure for array in _arrays(item)]
    return [structure] if isinstance(structure, np.ndarray) and structure.dtype.kind == "f" else []


def _flushed(call: Call, structure: Any) -> Any:
    """The structure with its numbers below the normal range at zero."""
    if isinstance(structure, list | tuple):
        return type(structure)(_flushed(call, item) for item in structure)
    if isinstance(structure, np.ndarray) and structure.dtype.kind == "f":
        return np.where(call.arithmetic.flushed(structure) > 0, 0.0, structure)
    return structure


def _rounded(call: Call, structure: Any) -> Any:
    """The structure with its Python floats rounded as the implementation rounds constants."""
    if isinstance(structure, dict):
        return {key: _rounded(call, value) for key, value in structure.items()}
    if isinstance(structure, list | tuple):
        return type(structure)(_rounded(call, value) for value in structure)
    return call.arithmetic.rounded_constant(structure) if type(structure) is float else structure


@rule("kept")
def kept(call: Call) -> list[Approx]:
    """Numbers times 0 or 1: one below the normal range may come out as 0.

    A number that they are compared with was rounded: what that changes may come out too.
    """
    (value,) = call.run()
    return [Approx(value, moved_by_constants(call, value) + call.arithmetic.flushed(value))]


@rule("maximum", sided=True)
def maximum(call: Call) -> list[Approx]:
    """One of several numbers is chosen; one below the normal range may come out as 0.

    Keras on TensorFlow's max pooling drops a NaN where there is a number beside it, and gives the smallest finite
    number for a window of -inf: both are left to it (`docs/findings.md`).
    """
    approx = [call.arithmetic.exact(value) for value in call.run()]
    if call.own_result:
        return approx
    return [Approx(a.value, np.where(np.isnan(a.value) | (a.value == -np.inf), np.inf, a.error)) for a in approx]
