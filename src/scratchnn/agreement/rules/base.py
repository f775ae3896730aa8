"""What a rule is: from one call of a layer to the exact outputs and the bounds on their errors."""

import copy
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import UnsupportedError
from ...layers.base import Array, Layer
from ..arithmetic import Approx, Arithmetic


@dataclass(frozen=True)
class Call:
    """One call of a layer, as a rule sees it.

    Attributes:
        layer: the layer in float64.
        args: its positional arguments, floats in float64.
        kwargs: its keyword arguments.
        mask: the mask that it is given, or None.
        arithmetic: the rounding of the implementation under test.
        observed: the outputs of the implementation under test, in float64. Only rules for recurrent layers look
            at them: they judge each step from the states that this implementation had before it.
        sequence: the output of every step (a pair of them for Bidirectional), where the output itself has not.
        own_result: whether the implementation under test is scratchnn.
    """

    layer: Any  # a Layer; a rule uses what its kind of layer has
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    mask: Any
    arithmetic: Arithmetic
    observed: tuple[Array, ...] = ()
    sequence: Any = None
    own_result: bool = False

    @property
    def x(self) -> Array:
        """The first argument, in float64."""
        return np.asarray(self.args[0], np.float64)

    @property
    def inputs(self) -> list[Array]:
        """All inputs of a layer that merges several, in float64."""
        given = self.args[0] if isinstance(self.args[0], list | tuple) else self.args
        return [np.asarray(x, np.float64) for x in given]

    def run(self) -> list[Array]:
        """The layer's own outputs in float64."""
        return as_list(call_layer(self.layer, self.args, self.kwargs, self.mask))


Rule = Callable[[Call], list[Approx]]

RULES: dict[str, Rule] = {}
SIDED: set[str] = set()
HIDDEN: dict[str, Callable[..., Any]] = {}


def rule(name: str, *, sided: bool = False, hidden: Callable[..., Any] | None = None) -> Callable[[Rule], Rule]:
    """Decorator: layers whose `bound` is that name are judged by this rule.

    Args:
        name: what the layers put into `bound`.
        sided: whether the bounds depend on who is judged (`observed`, `sequence`, `own_result`).
        hidden: gives scratchnn's own `sequence`, from a layer, its input, keyword arguments and mask.
    """

    def add(function: Rule) -> Rule:
        RULES[name] = function
        if sided:
            SIDED.add(name)
        if hidden is not None:
            HIDDEN[name] = hidden
        return function

    return add


def find_rule(layer: Layer) -> Rule:
    """The rule that a layer names.

    Raises:
        UnsupportedError: it names none, or one that is not there.
    """
    name = getattr(layer, "bound", None)
    if name not in RULES:
        known = ", ".join(sorted(RULES))
        raise UnsupportedError(
            f"{layer.label}: no rule {name!r} bounds its rounding error; there are {known}. "
            "A layer names its rule in the class attribute `bound` (see scratchnn.agreement)."
        )
    return RULES[name]


def call_layer(layer: Layer, args: tuple[Any, ...], kwargs: Mapping[str, Any], mask: Any) -> Any:
    """One call of a layer, which is given the mask if it takes one."""
    if mask is not None and "mask" in inspect.signature(layer.forward).parameters:
        kwargs = {"mask": mask, **kwargs}
    return layer.forward(*args, **kwargs)


def moved_by_constants(call: Call, value: Array) -> Array:
    """How far it moves the output in float64 that the implementation rounds the numbers of the config.

    That is more than their rounding where something is compared with them.
    """
    layer = copy.copy(call.layer)
    floats = {key: number for key, number in vars(layer).items() if type(number) is float}
    vars(layer).update({key: call.arithmetic.rounded_constant(number) for key, number in floats.items()})
    (other,) = as_list(call_layer(layer, call.args, call.kwargs, call.mask))
    return distance(value, other)


def distance(value: Array, other: Array) -> Array:
    """|other - value|, 0 where both are the same infinity or NaN."""
    value, other = value.astype(np.float64), other.astype(np.float64)
    return np.where(value != other, np.nan_to_num(np.abs(other - value)), 0.0)


def as_list(outputs: Any) -> list[Array]:
    """One output or several as a list of arrays."""
    several = isinstance(outputs, list | tuple)
    return [np.asarray(output) for output in (outputs if several else [outputs])]
