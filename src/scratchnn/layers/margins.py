"""What ZeroPadding and Cropping share: so many positions at each end of the spatial axes."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ConfigError, InputError
from ..spec import Shape
from .base import Array, Layer
from .options import Options, Weights

Margins = tuple[tuple[int, int], ...]


class Margin(Layer):
    """Adds or takes away positions at both ends of `rank` spatial axes.

    Args:
        margins: (before, after) for each axis.
        data_format: 'channels_last' or 'channels_first'.
    """

    rank: ClassVar[int]
    key: ClassVar[str]  # Keras's name for the margins
    sign: ClassVar[int]  # 1 where they are added
    default: ClassVar[int] = 1
    bound = "exact"
    whole_numbers = "keep"

    def __init__(
        self,
        margins: Sequence[Sequence[int]],
        *,
        data_format: str = "channels_last",
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.margins: Margins = tuple((before, after) for before, after in margins)
        self.data_format = data_format

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "Margin":
        """Build from Keras's config: one number for all, one for each axis, or two for each axis."""
        given = options.raw(cls.key, cls.default)
        each = given
        if cls.rank == 1 and isinstance(given, list | tuple):
            each = [given]
        each = list(each) if isinstance(each, list | tuple) else [each] * cls.rank
        pairs = [tuple(one) if isinstance(one, list | tuple) else (one, one) for one in each]
        valid = all(len(pair) == 2 and all(type(n) is int and n >= 0 for n in pair) for pair in pairs)
        if len(pairs) != cls.rank or not valid:
            raise ConfigError(
                f"{options.layer}: option {cls.key!r}: expected non-negative integers for {cls.rank} axes, "
                f"got {given!r}"
            )
        layer = cls(pairs, data_format=options.data_format())
        layer.output_shape(input_shape)
        return layer

    def all_margins(self) -> list[tuple[int, int]]:
        """(before, after) for every axis of the input."""
        ends = [(0, 0), (0, 0)] if self.data_format == "channels_first" else [(0, 0)]
        return [*ends, *self.margins, *[(0, 0)] * (2 - len(ends))]

    def change(self, x: Array, margins: list[tuple[int, int]]) -> Array:
        """x with the margins put on or cut off."""
        raise NotImplementedError

    def forward(self, x: Any) -> Array:
        """The changed x.

        Raises:
            InputError: another rank, no elements, no real numbers, or nothing left.
        """
        x = self.as_numbers(x, ndim=self.rank + 2)
        self.output_shape(x.shape)
        return self.change(x, self.all_margins())

    def output_shape(self, input_shape: Shape) -> Shape:
        """The sizes with the margins.

        Raises:
            InputError: another rank, or nothing would be left.
        """
        self.check_shape(input_shape, ndim=self.rank + 2)
        pairs = zip(input_shape, self.all_margins(), strict=True)
        out = tuple(None if size is None else size + self.sign * sum(ends) for size, ends in pairs)
        if any(size is not None and size < 1 for size in out):
            raise InputError(
                f"{self.label}: {self.key} {self.margins} leaves nothing of shape {tuple(input_shape)}"
            )
        return out


class ZeroPadding(Margin):
    """Zeros around the spatial axes."""

    key, sign = "padding", 1

    def change(self, x: Array, margins: list[tuple[int, int]]) -> Array:
        """x with zeros around it."""
        return np.pad(x, margins)


class Cropping(Margin):
    """The middle of the spatial axes."""

    key, sign = "cropping", -1

    def change(self, x: Array, margins: list[tuple[int, int]]) -> Array:
        """The middle of x, as a view."""
        places = [slice(before, size - after) for size, (before, after) in zip(x.shape, margins, strict=True)]
        return x[tuple(places)]
