"""How far float32 rounding may take the output of a whole model.

Layer by layer there is a rigorous bound. Carried through a whole model such bounds explode, so for outputs whose
layers cannot be seen (recorded on another machine) the model itself is asked: in float64, how much does the
output move when each weight moves by a relative 64 · 2^-24? That stands for what the layers' own errors amount to:
two activations in a chain, up to 13 units of 2^-24 each, and the sums before them, whose errors are near sqrt(n)
units for the few hundred terms of such layers. Measured on the golden models, Keras and scratchnn stay below
0.3 of it (`scratchnn verify golden` prints it).
"""

from typing import Any

import numpy as np

from ..layers.base import Array
from ..models.graph import Model

PERTURBATION = 64 * 2.0**-24
SEEDS = 3
# Samples that are perturbed: the largest move of so many differs little from that of all.
SAMPLES = 128


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
        The float64 outputs, and for each of them the largest move over three seeded perturbations of all weights.
    """
    exact_model, inputs = model.astype(np.float64), widen(inputs)
    exact = outputs(exact_model.predict(inputs))
    few = [array[:SAMPLES] for array in inputs] if isinstance(inputs, list) else inputs[:SAMPLES]
    moves = []
    for seed in range(SEEDS):
        random = np.random.default_rng(seed)
        nudged = exact_model.map_weights(lambda array, random=random: _nudge(array, random))  # type: ignore[misc]
        moved = outputs(nudged.predict(few))
        moves.append([float(np.abs(m - e[: len(m)]).max()) for m, e in zip(moved, exact, strict=True)])
    floor = 4 * 2.0**-24  # an output that no weight moves is still rounded
    return exact, [max(floor, *move) for move in zip(*moves, strict=True)]


def _nudge(array: Array, random: np.random.Generator) -> Array:
    return array * (1 + PERTURBATION * random.choice([-1.0, 1.0], array.shape))
