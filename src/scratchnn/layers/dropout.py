"""Dropout: in training it zeroes elements at random, at inference it does nothing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ConfigError
from ..spec import Shape
from .base import Array, Layer, register
from .options import Options, Weights


@register("Dropout")
class Dropout(Layer):
    """In training mode each element is 0 with probability `rate`, the others grow by 1 / (1 - rate).

    Source: https://keras.io/api/layers/regularization_layers/dropout/

    Args:
        rate: the probability, in [0, 1].
        noise_shape: shape of the random mask, 1 or None where elements share one draw (None: the input's size).
        seed: of the layer's random generator; None draws fresh entropy.

    Attributes:
        rate: as given.
        training: the layer's own mode, for calls that do not say.
    """

    bound = "exact"
    whole_numbers = "keep"
    supports_masking = True

    def __init__(
        self,
        rate: float,
        *,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if not 0 <= rate <= 1:
            raise ConfigError(f"{self.label}: rate: expected a number in [0, 1], got {rate!r}")
        self.rate, self.noise_shape, self.training = rate, noise_shape, False
        self._random = np.random.default_rng(seed)

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "Dropout":
        """Build from Keras's Dropout config."""
        shape = options.raw("noise_shape", None)
        if shape is not None and not (isinstance(shape, list | tuple) and all(map(_is_size, shape))):
            raise ConfigError(f"{options.layer}: option 'noise_shape': expected sizes or nulls, got {shape!r}")
        return cls(options.number("rate", minimum=0, below=np.nextafter(1, 2)), noise_shape=shape)

    def set_training_mode(self, training: bool) -> None:
        """Set the mode for calls that do not say."""
        self.training = training

    def forward(self, x: Any, training: bool | None = None) -> Array:
        """x with elements dropped in training mode, x itself otherwise.

        Args:
            x: any shape.
            training: the mode; None means the layer's own.
        """
        x = self.as_numbers(x)
        if not (self.training if training is None else training) or self.rate == 0:
            return x
        x = x if x.dtype.kind == "f" else x.astype(self.dtype)
        shape = self.noise_shape or (None,) * x.ndim
        drawn = [size if n is None else n for n, size in zip(shape, x.shape, strict=True)]
        keep = self._random.random(drawn) >= self.rate
        return np.where(keep, x / max(1 - self.rate, np.finfo(x.dtype).tiny), np.zeros_like(x))

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape."""
        return input_shape


def _is_size(n: Any) -> bool:
    return n is None or (isinstance(n, int) and not isinstance(n, bool) and n > 0)
