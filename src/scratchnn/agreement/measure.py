"""Measure the constants of `functions.ACCURACY` on this machine: `python -m scratchnn.agreement.measure`.

For each activation function it evaluates Keras (as installed, on its backend) and scratchnn in float32 and in
float64 and prints the worst error in units of u · size, beside the constant; a constant that is exceeded fails the
run. Needs Keras.

float32: every `--every`-th of the 2^32 bit patterns (1: all of them, about an hour), from a place that differs
from block to block, against the float64 value. float64: `--samples` random numbers against the value in NumPy's
long double (80 bits on x86; where that is no wider than float64, this part is left out). What may be flushed to
zero, what overflows, and constants that Keras rounds to float32 are left to their own terms in the bound.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import activations
from ..layers import LAYERS
from ..oracle import import_keras
from .arithmetic import RSQRT_UNITS, Arithmetic, Array
from .functions import ACCURACY, OPERATIONS, Accuracy

Function = Callable[[Array], Array]
BLOCK = 2**20
HEADROOM = 1.5  # constants are this many times the worst that was measured


@dataclass(frozen=True)
class Measured:
    """The worst error of one function in one dtype, in units of u · size.

    Attributes:
        name, dtype: the function and the dtype.
        keras, scratch: the worst errors.
        keras_at, scratch_at: where they are.
        constant: what the bounds allow.
    """

    name: str
    dtype: str
    keras: float
    keras_at: float
    scratch: float
    scratch_at: float
    constant: float

    @property
    def exceeded(self) -> bool:
        """Whether the machine does worse than the bounds allow."""
        return max(self.keras, self.scratch) > self.constant

    def __str__(self) -> str:
        mark = "EXCEEDED" if self.exceeded else ""
        return (
            f"{self.name:16} {self.dtype:8} Keras {self.keras:9.3f} at {self.keras_at:<16.9g} "
            f"scratchnn {self.scratch:9.3f} at {self.scratch_at:<16.9g} constant {self.constant:<6g} {mark}"
        )


def float32_blocks(every: int) -> Iterator[Array]:
    """Every `every`-th float32 but the NaNs and infinities, BLOCK at a time, as float32."""
    step = BLOCK * every
    random = np.random.default_rng(every)
    for start in range(0, 2**32, step):
        bits = np.arange(start, min(start + step, 2**32), every, dtype=np.uint64)
        bits += random.integers(0, every, bits.shape, dtype=np.uint64)
        x = bits.astype(np.uint32).view(np.float32)
        x = x[np.isfinite(x)]
        if x.size:
            yield x


def float64_blocks(samples: int) -> Iterator[Array]:
    """Random float64 numbers: of all sizes that matter to the functions, and evenly where they bend."""
    random = np.random.default_rng(64)
    for start in range(0, samples, BLOCK):
        count = min(BLOCK, samples - start)
        sizes = 2.0 ** random.uniform(-40, 11, count) * random.choice([-1.0, 1.0], count)
        yield np.where(random.random(count) < 0.5, sizes, random.uniform(-40, 40, count))


def worst_error(
    x: Array, got: Array, exact: Array, accuracy: Accuracy, arithmetic: Arithmetic
) -> tuple[float, float]:
    """The largest error in units of u · size, and where; of what the constant is responsible for."""
    wide, got = x.astype(exact.dtype), got.astype(exact.dtype)
    size = accuracy.size(wide, exact)
    others = 2 * arithmetic.tiny * (1 + np.abs(wide))
    others = others + accuracy.constant * (arithmetic.constant_unit - arithmetic.unit) * size
    units = np.maximum(np.abs(got - exact) - others, 0) / (arithmetic.unit * np.maximum(size, arithmetic.tiny))
    peak = np.abs(exact) if accuracy.peak is None else np.maximum(np.abs(exact), accuracy.peak(wide))
    units = np.where(peak * (1 + 1e-6) < arithmetic.largest, units, 0)
    units = np.where(np.isnan(units), np.inf, units)
    place = int(np.argmax(units))
    return float(units[place]), float(x[place])


def measure(
    name: str, ours: Function, theirs: Function, accuracy: Accuracy, blocks: Iterator[Array], dtype: str
) -> Measured:
    """The worst error over the blocks, by both sides.

    Args:
        name: the function's name.
        ours, theirs: scratchnn's and Keras's function.
        accuracy: its constants.
        blocks: the numbers, in that dtype.
        dtype: "float32" or "float64".
    """
    wider = np.float64 if dtype == "float32" else np.longdouble
    arithmetic, of_keras = Arithmetic(dtype), Arithmetic(dtype, float32_constants=True)
    keras, scratch = (-1.0, np.nan), (-1.0, np.nan)
    for x in blocks:
        with np.errstate(all="ignore"):
            exact = _exact(name, ours, x, wider)
            keras = max(keras, worst_error(x, theirs(x), exact, accuracy, of_keras))
            scratch = max(scratch, worst_error(x, ours(x), exact, accuracy, arithmetic))
    return Measured(name, dtype, *keras, *scratch, accuracy.units(arithmetic))


def _exact(name: str, function: Function, x: Array, wider: Any) -> Array:
    """The value in a wider type. scratchnn's erf has no wider one, so the C library's stands in for it."""
    if name == "gelu" and wider is np.longdouble:
        return np.array([0.5 * value * math.erfc(-value / math.sqrt(2)) for value in x.tolist()], np.longdouble)
    if name == "Erf" and wider is np.longdouble:
        return np.array([math.erf(value) for value in x.tolist()], np.longdouble)
    return function(x.astype(wider))


def _domain(name: str, x: Array) -> Array:
    """The numbers among x for which the function is defined."""
    match name:
        case "rsqrt" | "Reciprocal":
            return np.abs(x[np.abs(x) >= np.finfo(x.dtype).tiny])
        case "Log" | "Log2" | "Log10":
            return np.abs(x[np.abs(x) >= np.finfo(x.dtype).tiny])
        case "Log1p":
            return x[x > -1]
        case "Arcsin" | "Arccos" | "Arctanh":
            return x[np.abs(x) <= 1]
        case "Arccosh":
            return np.abs(x[np.abs(x) >= 1])
        case _:
            return x


def _functions(keras: Any) -> Iterator[tuple[str, Function, Function, Accuracy]]:
    for name, accuracy in ACCURACY.items():
        if name != "legacy_hard_sigmoid":  # Keras 2's; no Keras 3 has it
            yield name, activations.get(name), getattr(keras.activations, name), accuracy
    for name, accuracy in OPERATIONS.items():
        yield name, LAYERS[f"ops.{name}"](), getattr(keras.ops, name.lower()), accuracy
    yield "rsqrt", lambda x: 1 / np.sqrt(x), keras.ops.rsqrt, Accuracy(RSQRT_UNITS, RSQRT_UNITS)


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns 1 where a constant is exceeded."""
    parser = argparse.ArgumentParser(prog="python -m scratchnn.agreement.measure", description=__doc__)
    parser.add_argument("functions", nargs="*", help="names of functions; all of them by default")
    parser.add_argument("--every", type=int, default=1024, help="use every n-th float32 (default: %(default)s)")
    parser.add_argument("--samples", type=int, default=2**20, help="float64 numbers (default: %(default)s)")
    given = parser.parse_args(arguments)
    keras = import_keras()
    if np.finfo(np.longdouble).eps >= np.finfo(np.float64).eps:
        print("float64 is left out: this machine has no wider type")
        given.samples = 0
    exceeded = False
    for name, ours, function, accuracy in _functions(keras):
        if given.functions and name not in given.functions:
            continue

        def theirs(x: Array, function: Any = function) -> Array:
            return np.asarray(keras.ops.convert_to_numpy(function(keras.ops.convert_to_tensor(x))))

        for dtype in ("float32", "float64"):
            if dtype == "float64" and not given.samples:
                continue
            blocks = float32_blocks(given.every) if dtype == "float32" else float64_blocks(given.samples)
            blocks = (_domain(name, x) for x in blocks)
            result = measure(name, ours, theirs, accuracy, (x for x in blocks if x.size), dtype)
            exceeded |= result.exceeded
            print(result, flush=True)
    return int(exceeded)


if __name__ == "__main__":
    sys.exit(main())
