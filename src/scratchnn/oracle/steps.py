"""Make a recurrent layer of Keras that returns its last output alone show the outputs of all its steps."""

from collections.abc import Callable
from typing import Any

from .structures import to_numpy


def directions(layer: Any) -> list[Any]:
    """The recurrent layers in a layer that returns the last of their outputs alone."""
    if getattr(layer, "return_sequences", True):
        return []
    return [layer.forward_layer, layer.backward_layer] if hasattr(layer, "forward_layer") else [layer]


def show_steps(layer: Any) -> Callable[[], Any]:
    """Let a recurrent layer that returns its last output alone remember all of them.

    Returns:
        What takes the outputs of all steps of the last call (of both directions for Bidirectional), or None.
    """
    shown: list[Any] = []
    for direction in directions(layer):
        direction.call = _stepwise(direction, direction.call, shown)

    def take() -> Any:
        found = to_numpy(list(shown))
        shown.clear()
        return found if len(found) > 1 else found[0] if found else None

    return take


def _stepwise(layer: Any, original: Callable[..., Any], shown: list[Any]) -> Callable[..., Any]:
    """The layer's `call`, run with return_sequences; it returns the last output as before.

    It is not unrolled: with return_sequences Keras may then zero other steps, the last among them (see
    `Recurrent.unroll`), than if it returns the last output alone.
    """
    told = {"return_sequences": True, "unroll": False}

    def call(*args: Any, **kwargs: Any) -> Any:
        before = {name: getattr(layer, name) for name in told}
        vars(layer).update(told)
        try:
            result = original(*args, **kwargs)
        finally:
            vars(layer).update(before)
        steps, *states = result if layer.return_state else (result,)
        shown.append(steps)
        return (steps[:, -1], *states) if layer.return_state else steps[:, -1]

    return call
