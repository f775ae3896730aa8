"""Reading a layer's Keras config and weights so that nothing is skipped in silence.

A layer takes from `Options` and `Weights` what it implements; what is left over at the end is a fault, except
for the closed list below of what cannot matter at inference.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..activations import ACTIVATIONS
from ..errors import ConfigError, UnsupportedError, WeightError
from ..spec import Weight

# What cannot matter at inference, with the reason. Keys that end in one of the suffixes say how a weight is
# first drawn or held in bounds while training; the file has its final value.
INERT_SUFFIXES = ("_initializer", "_regularizer", "_constraint")
INERT_KEYS = {
    "name": "read as the layer's name",
    "trainable": "training only",
    "dtype": "read as the layer's dtype",
    "seed": "random numbers are drawn in training only",
    "build_config": "the shapes that the weights have anyway",
}

_REQUIRED: Any = object()
FLOAT_DTYPES = ("float16", "float32", "float64")


class Options:
    """The config of one layer, read key by key.

    Args:
        layer: how messages name the layer, e.g. "Conv2D 'conv_1'".
        config: Keras's config dictionary.
        keras_version: the major version of the Keras that wrote it; defaults and names changed over time.
        assets: texts that Keras saves beside the weights.
    """

    def __init__(
        self,
        layer: str,
        config: Mapping[str, Any],
        keras_version: int = 3,
        assets: Mapping[str, Any] | None = None,
    ) -> None:
        self.layer = layer
        self._assets, self._asked_for_assets = assets or {}, False
        self.keras_version = keras_version
        self._config = dict(config)
        self._unread = set(config)

    def __contains__(self, key: str) -> bool:
        return key in self._config

    def raw(self, key: str, default: Any = _REQUIRED) -> Any:
        """The value as the file has it.

        Raises:
            ConfigError: the key is missing and there is no default.
        """
        self._unread.discard(key)
        if key in self._config:
            return self._config[key]
        if default is _REQUIRED:
            raise ConfigError(f"{self.layer}: option {key!r} is missing")
        return default

    def asset(self, key: str) -> Any:
        """What Keras saved under that name beside the weights, or None."""
        self._asked_for_assets = True
        return self._assets.get(key)

    def _fail(self, key: str, expected: str, got: Any) -> ConfigError:
        return ConfigError(f"{self.layer}: option {key!r}: expected {expected}, got {got!r:.200}")

    def integer(self, key: str, default: Any = _REQUIRED, minimum: int | None = 1) -> int:
        """A whole number, at least `minimum`."""
        value = self.raw(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or (minimum is not None and value < minimum):
            raise self._fail(key, "an integer" + (f" >= {minimum}" if minimum is not None else ""), value)
        return value

    def number(self, key: str, default: Any = _REQUIRED, minimum: float = -np.inf, below: float = np.inf) -> float:
        """A finite number, at least `minimum` and below `below`."""
        value = self.raw(key, default)
        valid = isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)
        if not valid or not minimum <= value < below:
            raise self._fail(key, f"a number in [{minimum}, {below})", value)
        return float(value)

    def flag(self, key: str, default: Any = _REQUIRED) -> bool:
        """True or False."""
        value = self.raw(key, default)
        if not isinstance(value, bool):
            raise self._fail(key, "true or false", value)
        return value

    def choice(self, key: str, allowed: Sequence[Any], default: Any = _REQUIRED) -> Any:
        """One of the allowed values.

        Raises:
            UnsupportedError: any other value.
        """
        value = self.raw(key, default)
        if value not in allowed or type(value) not in {type(item) for item in allowed}:
            names = ", ".join(map(repr, allowed))
            raise UnsupportedError(f"{self.layer}: option {key!r}: expected one of {names}, got {value!r:.200}")
        return value

    def only(self, key: str, *allowed: Any) -> None:
        """Refuse the layer unless the option, where it is there at all, has one of these values."""
        self.choice(key, allowed, allowed[0])

    def inert(self, key: str) -> None:
        """Pass over an option that cannot matter at inference; the caller's comment gives the reason."""
        self._unread.discard(key)

    def sizes(self, key: str, rank: int, default: Any = _REQUIRED, minimum: int = 1) -> tuple[int, ...]:
        """`rank` integers, at least `minimum`; a single one stands for all."""
        value = self.raw(key, default)
        sizes = (
            (value,) * rank if isinstance(value, int) else tuple(value) if isinstance(value, list | tuple) else ()
        )
        if len(sizes) != rank or any(isinstance(n, bool) or not isinstance(n, int) or n < minimum for n in sizes):
            kind = "positive" if minimum == 1 else "non-negative"
            raise self._fail(key, f"{rank} {kind} integers or one for all", value)
        return sizes

    def axes(self, key: str, rank: int, default: Any = _REQUIRED) -> int | tuple[int, ...]:
        """One axis or a list of different axes of an array of that rank, the batch axis not among them."""
        value = self.raw(key, default)
        axes = value if isinstance(value, list | tuple) else [value]
        valid = all(type(axis) is int and -rank <= axis < rank and axis % rank for axis in axes)
        if not axes or not valid or len({axis % rank for axis in axes}) < len(axes):
            raise self._fail(key, f"one axis or different axes of an input of rank {rank}, the first apart", value)
        return tuple(axes) if isinstance(value, list | tuple) else value

    def activation(self, key: str = "activation", default: Any = _REQUIRED) -> Any:
        """The name of an activation function, None, or the function of a layer without weights.

        Raises:
            UnsupportedError: an activation that is no function of Keras by name, and no such layer.
        """
        value = self.raw(key, default)
        name = _function_name(value)
        if isinstance(value, Mapping) and value.get("class_name") != "function":
            return self._activation_layer(key, value)
        if name is not None and name not in ACTIVATIONS:
            raise UnsupportedError(
                f"{self.layer}: option {key!r}: expected one of {', '.join(sorted(ACTIVATIONS))}, "
                f"got {value!r:.200}"
            )
        if name == "hard_sigmoid" and self.keras_version < 3:
            return "legacy_hard_sigmoid"
        return name

    def _activation_layer(self, key: str, serialized: Mapping[str, Any]) -> Any:
        """The function of a layer that stands in the place of an activation."""
        from .base import LAYERS, Layer, build_nested  # which needs this module

        class_name = serialized.get("class_name")
        if not hasattr(LAYERS.get(str(class_name)), "as_activation"):
            raise UnsupportedError(
                f"{self.layer}: option {key!r}: expected a function by name, or a layer that is one, got a "
                f"layer of class {class_name!r}; as a layer of its own behind this one it would run"
            )
        label = f"{self.layer}, {key}"
        layer: Any = build_nested(self, key, serialized, Weights(label, ()), (None, None), Layer)
        return layer.as_activation()

    def data_format(self) -> str:
        """'channels_last' or 'channels_first'; a file that leaves it out or says null means the former."""
        if self.raw("data_format", None) is None:
            return "channels_last"
        return str(self.choice("data_format", ("channels_last", "channels_first")))

    def dtype(self) -> np.dtype[Any]:
        """The dtype that the layer computes in.

        Raises:
            UnsupportedError: a mixed or quantized policy, which would compute in another precision.
        """
        value = self.raw("dtype", "float32")
        name = value.get("config", {}).get("name") if isinstance(value, Mapping) else value
        if isinstance(value, Mapping) and value.get("class_name") not in ("DTypePolicy", "Policy"):
            name = value
        if name is None:
            name = "float32"
        if name not in FLOAT_DTYPES:
            raise UnsupportedError(
                f"{self.layer}: option 'dtype': expected one of {', '.join(FLOAT_DTYPES)}, got {name!r:.200}"
            )
        return np.dtype(name)

    def close(self) -> None:
        """Refuse what nobody has read.

        Raises:
            UnsupportedError: keys that are neither implemented nor known not to matter.
            ConfigError: texts beside the weights, for a layer that takes none.
        """
        if self._assets and not self._asked_for_assets:
            raise ConfigError(
                f"{self.layer}: expected no {' or '.join(sorted(self._assets))} in the file's assets"
            )
        unknown = sorted(key for key in self._unread if key not in INERT_KEYS and not key.endswith(INERT_SUFFIXES))
        if unknown:
            pairs = ", ".join(f"{key}={self._config[key]!r:.200}" for key in unknown)
            raise UnsupportedError(f"{self.layer}: options that scratchnn does not know: {pairs}")


def _function_name(value: Any) -> Any:
    """The name in Keras's ways to write a built-in function: a string, null, or {class_name: function}."""
    if isinstance(value, Mapping) and value.get("class_name") == "function":
        return value.get("config")
    if value is None or isinstance(value, str):
        return value
    return repr(value)


class Weights:
    """The arrays of one layer, taken in Keras's order.

    Args:
        layer: how messages name the layer.
        weights: its arrays, in the order of Keras's `layer.weights`.
    """

    def __init__(self, layer: str, weights: Sequence[Weight]) -> None:
        self.layer = layer
        self._weights = list(weights)

    def __len__(self) -> int:
        return len(self._weights)

    def take(self, name: str, shape: Sequence[int | None]) -> NDArray[Any]:
        """The next array, which must have that shape (None: any size) and hold real numbers.

        Raises:
            WeightError: no array is left, or the next one is of another shape or type.
        """
        expected = "(" + ", ".join("any" if n is None else str(n) for n in shape) + ")"
        if not self._weights:
            raise WeightError(f"{self.layer}: weight {name!r} is missing: expected shape {expected}")
        weight = self._weights.pop(0)
        value = np.asarray(weight.value)
        fits = value.ndim == len(shape) and all(
            n is None or n == m for n, m in zip(shape, value.shape, strict=False)
        )
        if not fits:
            raise WeightError(
                f"{self.layer}: weight {name!r} ({weight.name}): expected shape {expected}, got {value.shape}"
            )
        if value.dtype.kind not in "fiu":
            raise WeightError(f"{self.layer}: weight {name!r}: expected real numbers, got dtype {value.dtype}")
        return value

    def close(self) -> None:
        """Refuse arrays that nobody took.

        Raises:
            WeightError: arrays are left over.
        """
        if self._weights:
            names = ", ".join(f"{weight.name} {np.shape(weight.value)}" for weight in self._weights)
            raise WeightError(f"{self.layer}: weights that its config does not call for: {names}")
