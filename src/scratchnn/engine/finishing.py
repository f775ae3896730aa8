"""What comes after the products of a convolution: bias, activation and pooling.

- Where pooling follows, the products are ordered by their place in the pool. Pooling is then a maximum (or sum) of
  whole arrays, one for each place.
- max(z) + b is max(z + b), to the last bit, and so with relu: relu, and a bias that is no row of the kernel, come
  after max pooling, on a quarter of the numbers. mean(relu(z)) is the sum of relu(z / n): the kernel and the bias
  are divided by n beforehand.

All arrays that are made here have the order in memory of those that they meet: NumPy is slower between two orders.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .. import activations
from ..layers.base import Array
from .pointwise import activation_in_place, full_like

# Activations f with f(max(z)) = max(f(z)) to the last bit, and f(z) / n = f(z / n).
HOMOGENEOUS = (activations.linear, activations.relu)

# Something to do, whose arguments are known.
Call = Callable[[], Any]


@dataclass(frozen=True)
class Finish:
    """How products become the output.

    Attributes:
        activate: the activation.
        bias: (filters,), or None.
        average: whether the pool takes means.
    """

    activate: activations.Activation
    bias: Array | None
    average: bool

    @property
    def homogeneous(self) -> bool:
        """Whether the activation may change places with the pool (a maximum) or with its division."""
        return self.activate in HOMOGENEOUS

    def calls(self, places: Sequence[Array], out: Array) -> list[Call]:
        """What to do with the products.

        Args:
            places: for each place of the pool (..., filters), all of one shape; they are overwritten.
            out: of the same shape, where the output goes.
        """
        calls: list[Call]
        if len(places) == 1:
            return self._activate(places[0], out)
        if not self.average and self.homogeneous:
            calls = [partial(np.maximum, places[0], place, out=places[0]) for place in places[1:]]
            return [*calls, *self._activate(places[0], out)]
        calls = self._activate(places[0], places[0])
        for place in places[1:]:  # each is pooled while it is still in the cache
            into = out if place is places[-1] else places[0]
            calls += [*self._activate(place, place), partial(self._pool, places[0], place, out=into)]
        if self.average and not self.homogeneous:
            calls.append(partial(np.divide, out, full_like(out, len(places)), out=out))
        return calls

    @property
    def _pool(self) -> np.ufunc:
        return np.add if self.average else np.maximum

    def _activate(self, z: Array, out: Array) -> list[Call]:
        """Bias and activation of z, which is overwritten, into out."""
        calls: list[Call] = []
        if self.bias is not None:
            calls.append(partial(np.add, z, full_like(z, self.bias), out=z))
        if self.activate is activations.relu:
            return [*calls, partial(np.maximum, z, full_like(z, 0), out=out)]
        in_place = activation_in_place(self.activate, z.shape)
        if in_place is not None:
            calls.append(partial(in_place, z))
        return calls if out is z else [*calls, partial(np.copyto, out, z)]
