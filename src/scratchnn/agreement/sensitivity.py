"""How far float32 rounding may take the output of a whole model.

Layer by layer there is a rigorous bound. Carried through a whole model such bounds explode, so for outputs whose
layers cannot be seen (recorded on another machine) the model itself is asked: in float64, how much does each
output move when each weight, and each number that a rounding layer is given, moves by a relative 64 · 2^-24? For
layers of float16 it is 64 · 2^-11, their unit roundoff. That stands for the layers' own errors, above all those of
sums, which are near sqrt(n) units for the few hundred terms that they have. What activations, other functions and
normalizations give moves besides by the bound of their rules, without its worst case.
Measured on the golden models, Keras and scratchnn stay below 0.3 of it (`scratchnn verify golden` prints it).

Samples are alike in what rounding does to them, the elements of an output are not: a small one beside large ones
has a tolerance of its own.
"""

import copy
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..activations import linear, relu, relu6
from ..layers.base import Array
from ..models.graph import Model
from . import functions
from .arithmetic import Approx, Arithmetic
from .rules.base import Call, find_rule

UNITS = 64  # of the unit roundoff
# What is rounded last moves with nothing before it: a softmax's 13 units, and the operations around it.
LAST_UNITS = 16
# Times that everything is moved, at least; of few samples more often, for each output to be moved by MOVES in all.
SEEDS = 3
MOVES = 24
# Samples that are perturbed: the largest move of so many differs little from that of all.
SAMPLES = 256
# Samples that are widened at a time.
PIECE = 1024
# Numbers of the largest tensor that plain layers work on at a time.
NUMBERS = 2**23
# Layers of these rules choose among numbers or pass them on; of models and TimeDistributed the inner ones count.
EXACT = ("exact", "kept", "maximum", "model", "time_distributed")
# Layers of these rules are judged by them here too. Of several roundings one after the other (a mean that is taken
# off), what the result is off by need not be what a move of the input makes of it.
BY_RULE = (
    *("operation", "elu", "softmax", "unit_normalization"),
    *("layer_normalization", "group_normalization", "rms_normalization"),
)
# Deviations: independent roundings of a sum leave these with a probability of 3e-8.
LIKELY = 6


class LikelyArithmetic(Arithmetic):
    """Rounding that is taken for independent from one operation to the next, so that n of them grow as sqrt(n).

    Source: N. Higham and T. Mary, A New Approach to Probabilistic Rounding Error Analysis, SIAM J. Sci. Comput.
    41 (2019), theorem 2.4.
    """

    def gamma(self, n: Any) -> Any:
        """Relative error of n roundings in a row."""
        return np.minimum(n, LIKELY * np.sqrt(n)) * self.unit


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


@dataclass(frozen=True)
class Tolerance:
    """How far float32 may take an output.

    Attributes:
        size: the largest finite move of each element over samples and perturbations, (1, ...); 0 for texts.
        leaves: whether an element was an infinity or NaN on one side of a move alone, (1, ...).
    """

    size: Array
    leaves: Array

    def widened(self, moved: Array, exact: Array) -> "Tolerance":
        """With one more move."""
        if exact.dtype.kind not in "fiub":
            return self
        moved, exact = moved.astype(np.float64), exact.astype(np.float64)
        with np.errstate(all="ignore"):
            move = np.abs(moved - exact)
        leaves = np.isfinite(moved) != np.isfinite(exact)
        return Tolerance(np.maximum(self.size, _largest(move)), self.leaves | (_over_samples(leaves) > 0))

    def ratio(self, distances: Array) -> float:
        """The largest of the distances (infinite where one side alone is no finite number) over the tolerance."""
        allowed = (distances == 0) | (np.isinf(distances) & self.leaves)
        with np.errstate(all="ignore"):
            return float(np.where(allowed, 0.0, distances / self.size).max())


def output_tolerance(model: Model, inputs: Any) -> tuple[list[Array], list[Tolerance]]:
    """The exact outputs of a model and how far float32 may be from them.

    Args:
        model: any model.
        inputs: what it is run on.

    Returns:
        The float64 outputs (samples, ...), and the tolerance of each of them.
    """
    exact_model = model.astype(np.float64)
    exact = _exact_outputs(exact_model, inputs)
    # Where samples meet, fewer of them would move the output by more than rounding does.
    few = widen(inputs if model.mixes_samples else _rows(inputs, 0, SAMPLES))
    largest = max(math.prod(n or 1 for n in shape) for shape in model.tensor_shapes)
    piece = _count(few) if model.mixes_samples else max(1, NUMBERS // largest)
    dtypes = [np.dtype(np.float32), *(layer.dtype for layer in model.layers if layer.computes)]
    arithmetic = LikelyArithmetic(max(dtypes, key=lambda dtype: np.finfo(dtype).eps), finite=False)
    # Below the normal range numbers are rounded by their distance there, or flushed to zero (float32, TensorFlow).
    least = max(float(np.finfo(np.float32).tiny), 4 * float(np.finfo(arithmetic.dtype).smallest_subnormal))
    floors = (LAST_UNITS * arithmetic.unit * _largest(output) + least for output in exact)
    tolerances = [Tolerance(floor, np.asarray(False)) for floor in floors]
    for seed in range(max(SEEDS, math.ceil(MOVES / _count(few)))):
        moved = _in_pieces(_moved(exact_model, arithmetic, least, np.random.default_rng(seed)).forward, few, piece)
        sides = [(m, e[: len(m)] if np.ndim(e) else e) for m, e in zip(moved, exact, strict=True)]
        tolerances = [tolerance.widened(*pair) for tolerance, pair in zip(tolerances, sides, strict=True)]
    return exact, tolerances


def _moved(model: Model, arithmetic: Arithmetic, least: float, random: np.random.Generator) -> Model:
    """A copy that rounds: each weight, and each float that a rounding layer is given, is off by UNITS.

    Numbers below `least` are 0 or `least` instead, and functions are off by their own bounds.
    """
    size = UNITS * arithmetic.unit

    def signs(shape: tuple[int, ...]) -> NDArray[np.int8]:
        return 2 * random.integers(0, 2, shape, np.int8) - 1

    def move(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return type(value)(move(item) for item in value)
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            sign = signs(value.shape)
            return np.where(np.abs(value) < least, least * (sign > 0), value * (1 + size * sign))
        return value

    def round_off(approx: Approx) -> Array:
        moves = np.where(np.isfinite(approx.error), approx.error, 0.0)
        return approx.value + moves * signs(approx.value.shape)

    other = model.map_weights(move)
    for layer in other.layers:
        _unsettle(layer, arithmetic, move, round_off)
    return other


def _unsettle(
    layer: Any, arithmetic: Arithmetic, move: Callable[[Any], Any], round_off: Callable[[Approx], Array]
) -> None:
    """Let a layer, and those inside it, move what they are given, and round off what functions give."""
    for inner in layer.sublayers().values():
        _unsettle(inner, arithmetic, move, round_off)
    plain = copy.copy(layer)

    def activate(activation: Any, z: Array) -> Array:
        return round_off(functions.activate(arithmetic, activation, Approx(z, np.zeros(z.shape))))

    @functools.wraps(layer.forward)  # a model asks which keyword arguments it takes
    def moved(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = move(args), {key: move(value) for key, value in kwargs.items()}
        result = plain.forward(*args, **kwargs)
        if layer.bound not in BY_RULE or result.dtype.kind != "f":
            return result
        (approx,) = find_rule(layer)(Call(plain, args, kwargs, kwargs.pop("mask", None), arithmetic))
        return round_off(approx)

    for name in ("activation", "recurrent_activation"):
        function = name.replace("activation", "activate")
        if getattr(layer, function, linear) not in (linear, relu, relu6):  # those round nothing
            vars(plain)[function] = vars(layer)[function] = functools.partial(activate, getattr(layer, name))
    if layer.bound not in EXACT:
        layer.forward = moved


def _largest(output: Array) -> Array:
    """The largest finite size of each element over the samples, (1, ...); 0 for what is no float."""
    if output.dtype.kind != "f":
        return np.zeros(())
    return _over_samples(np.where(np.isfinite(output), np.abs(output), 0.0))


def _over_samples(values: Array) -> Array:
    """The largest of each element over the samples, (1, ...)."""
    return np.asarray(values.max(axis=0, keepdims=True) if values.ndim else values)


def _exact_outputs(exact_model: Model, inputs: Any) -> list[Array]:
    """The float64 outputs for all samples; a piece at a time, since the inputs become twice as large."""
    size = _count(inputs) if exact_model.mixes_samples else PIECE
    return _in_pieces(lambda some: exact_model.predict(widen(some)), inputs, size)


def _in_pieces(run: Callable[[Any], Any], inputs: Any, size: int) -> list[Array]:
    """The outputs for all samples, of which so many are run at a time."""
    starts = range(0, _count(inputs), size)
    pieces = [outputs(run(_rows(inputs, n, n + size))) for n in starts]
    return [parts[0] if len(parts) == 1 else np.concatenate(parts) for parts in zip(*pieces, strict=True)]


def _count(inputs: Any) -> int:
    return len(inputs[0] if isinstance(inputs, list | tuple) else inputs)


def _rows(inputs: Any, start: int, stop: int) -> Any:
    """Some samples of each input."""
    if isinstance(inputs, list | tuple):
        return [array[start:stop] for array in inputs]
    return inputs[start:stop]
