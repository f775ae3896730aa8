"""Arrays from a seed. This module needs NumPy alone: a reproduction script carries its text."""

import zlib

import numpy as np

# normal: what a trained model sees; integer: every sum is exact; wide: magnitudes from 1e-30 to 1e30; constant:
# sums without cancellation; saturated: far into the flat parts of activations; denormal: below float32's range.
REGIMES = ("normal", "integer", "wide", "constant", "saturated", "denormal")

WORDS = (
    "a",
    "b",
    "the",
    "cat",
    "Cat!",
    "naïve",
    "ÉTÉ",
    "Été!",
    "É",
    "don't",
    "x-y",
    "x\u00a0y",
    "[UNK]",
    "日本",
    "",
    "zzz",
    "9.5",
)
GAPS = (" ", "  ", "\t", "\n", " \u3000 ")


def generator(seed: int, name: str) -> np.random.Generator:
    """A stream of its own for each array of a case, the same on every machine."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def floats(rng: np.random.Generator, shape: tuple[int, ...], regime: str) -> np.ndarray:
    """float32 values of a regime."""
    match regime:
        case "normal":
            values = rng.normal(size=shape)
        case "integer":
            values = rng.integers(-4, 5, shape)
        case "wide":
            scale = rng.uniform(-30, 30) if rng.random() < 0.25 else rng.uniform(-4, 4)
            values = rng.choice([-1, 1], shape) * 10 ** np.clip(scale + rng.uniform(-3, 3, shape), -37, 37)
        case "constant":
            values = np.full(shape, rng.choice([0.0, 1.0, -1.0, rng.normal()]))
        case "saturated":
            values = 40 * rng.normal(size=shape)
        case "denormal":
            tiny = rng.random(shape) < 0.5
            values = rng.normal(size=shape) * np.where(tiny, 10 ** rng.uniform(-44, -36, shape), 1)
        case _:
            raise ValueError(f"unknown regime {regime!r}: expected one of {REGIMES}")
    return np.asarray(values, np.float32)


def weight(seed: int, place: int, name: str, shape: tuple[int, ...], regime: str) -> np.ndarray:
    """One weight of a layer: random in every element, so that no symmetry hides a permutation.

    Variances are positive. Kernels of saturated cases are those of normal ones: their inputs are large already.
    """
    rng = generator(seed, f"weight {place}")
    values = floats(rng, shape, "normal" if regime == "saturated" else regime)
    if regime == "normal" and len(shape) > 1:
        values = values / np.float32(max(1.0, np.sqrt(shape[-2]) / 2))  # gates that move, and are not saturated
    return np.abs(values) if "variance" in name else values


def texts(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Sentences of known and unknown words, with odd spaces, case, punctuation and letters beyond ASCII."""

    def sentence() -> str:
        return "".join(rng.choice(WORDS) + rng.choice(GAPS) for _ in range(rng.integers(0, 6)))

    lines = [sentence() for _ in range(int(np.prod(shape)))]
    lines[0] += "cat"  # so that the batch holds a token
    return np.array(lines, dtype=object).reshape(shape)


def filled(kind: str, seed: int, name: str, shape: tuple[int, ...], regime: str) -> np.ndarray:
    """One input: kind is 'float', 'texts', or 'ids:N' for integers below N, a third of them 0."""
    rng = generator(seed, name)
    if kind == "float":
        return floats(rng, shape, regime)
    if kind == "texts":
        return texts(rng, shape)
    below = int(kind.removeprefix("ids:"))
    return np.where(rng.random(shape) < 1 / 3, 0, rng.integers(0, below, shape)).astype(np.int32)


def mask(kind: str, seed: int, shape: tuple[int, ...]) -> np.ndarray:
    """A mask (batch, time): 'random', 'end' or 'start' (where the padding is), 'full' or 'nothing'."""
    rng = generator(seed, "mask")
    batch, time = shape
    kept = rng.integers(0 if batch > 1 else 1, time + 1, batch)[:, None]
    match kind:
        case "random":
            return rng.random(shape) < 0.6
        case "end":
            return np.arange(time)[None] < kept
        case "start":
            return np.arange(time)[None] >= time - kept
        case "full":
            return np.ones(shape, bool)
        case "nothing":
            return np.zeros(shape, bool)
    raise ValueError(f"unknown mask {kind!r}")
