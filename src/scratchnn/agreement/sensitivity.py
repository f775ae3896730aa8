"""How far float32 rounding may take the output of a whole model.

Layer by layer there is a rigorous bound. Carried through a whole model such bounds explode, so for outputs whose
layers cannot be seen (recorded on another machine) the model itself is asked: in float64, how much does the
output move when each weight (of a model that has none, each input) moves by a relative 64 · 2^-24? For layers of
float16 it is 64 · 2^-11, their unit roundoff. That stands for what the layers' own errors amount to:
two activations in a chain, up to 13 units of 2^-24 each, and the sums before them, whose errors are near sqrt(n)
units for the few hundred terms of such layers. Measured on the golden models, Keras and scratchnn stay below
0.3 of it (`scratchnn verify golden` prints it).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..layers.base import Array
from ..models.graph import Model

UNITS = 64  # of the unit roundoff
SEEDS = 3
# Samples that are perturbed: the largest move of so many differs little from that of all.
SAMPLES = 128
# Samples that are widened at a time.
PIECE = 1024


def widen(inputs: Any) -> Any:
    """The inputs with floats in float64; ids and texts as they are."""
    if isinstance(inputs, list | tuple):
        return [widen(array) for array in inputs]
    array = np.asarray(inputs)
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def outputs(predicted: Any) -> list[Array]:
    """The outputs of a model as a list, whatever their number."""
    if isinstance(predicted, dict):
        return list(predicted.values())
    return list(predicted) if isinstance(predicted, list | tuple) else [predicted]


def output_tolerance(model: Model, inputs: Any) -> tuple[list[Array], list[float]]:
    """The exact outputs of a model and how far float32 may be from them.

    Args:
        model: any model.
        inputs: what it is run on.

    Returns:
        The float64 outputs, and for each of them the largest move over three seeded perturbations.
    """
    exact_model = model.astype(np.float64)
    exact = _exact_outputs(exact_model, inputs)
    # Where samples meet, fewer of them would move the output by more than rounding does.
    few = widen(inputs if model.mixes_samples else _rows(inputs, 0, SAMPLES))
    unit = max([2.0**-24, *(float(np.finfo(layer.dtype).eps) / 2 for layer in model.layers if layer.computes)])
    moves = []
    for seed in range(SEEDS):
        random = np.random.default_rng(seed)

        def nudge(array: Array, random: np.random.Generator = random) -> Array:
            return array * (1 + UNITS * unit * random.choice([-1.0, 1.0], array.shape))

        if model.count_params():
            moved = outputs(exact_model.map_weights(nudge).predict(few))
        else:
            moved = outputs(exact_model.predict(_changed(few, nudge)))
        moves.append([_largest_move(m, e[: len(m)]) for m, e in zip(moved, exact, strict=True)])
    # An output that no weight moves is still rounded, by its own size.
    floors = [4 * unit * max(1.0, _largest_size(output)) for output in exact]
    return exact, [max(floor, *move) for floor, *move in zip(floors, *moves, strict=True)]


def _largest_move(moved: Array, exact: Array) -> float:
    """Largest difference between outputs of numbers or truth values; texts do not move by rounding."""
    if exact.dtype.kind not in "fiub":
        return 0.0
    return float(np.abs(moved.astype(np.float64) - exact.astype(np.float64)).max())


def _largest_size(output: Array) -> float:
    """Size of the largest finite number, 0 where there is none."""
    if output.dtype.kind != "f":
        return 0.0
    return float(np.abs(output[np.isfinite(output)]).max(initial=0.0))


def _exact_outputs(exact_model: Model, inputs: Any) -> list[Array]:
    """The float64 outputs for all samples; a piece at a time, since the inputs become twice as large."""
    samples = len(inputs[0] if isinstance(inputs, list | tuple) else inputs)
    size = samples if exact_model.mixes_samples else PIECE
    starts = range(0, samples, size)
    pieces = [outputs(exact_model.predict(widen(_rows(inputs, n, n + size)))) for n in starts]
    return [np.concatenate(parts) for parts in zip(*pieces, strict=True)]


def _rows(inputs: Any, start: int, stop: int) -> Any:
    """Some samples of each input."""
    if isinstance(inputs, list | tuple):
        return [array[start:stop] for array in inputs]
    return inputs[start:stop]


def _changed(inputs: Any, change: Callable[[Array], Array]) -> Any:
    """The inputs with the change made to those of floats."""
    if isinstance(inputs, list):
        return [_changed(array, change) for array in inputs]
    return change(inputs) if inputs.dtype.kind == "f" else inputs
