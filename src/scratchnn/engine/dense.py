"""Dense with its bias and its own activation, in one buffer."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..layers.base import Array
from ..layers.dense import Dense
from .chain import Link
from .pointwise import activation_in_place, as_float32, full
from .products import product_of
from .steps import FLOAT32, FusedStep, Kernel, known

if TYPE_CHECKING:
    from ..models.graph import Model


def fuse_dense(model: "Model", number: int, links: Sequence[Link]) -> FusedStep | None:
    """A Dense layer."""
    return DenseStep(model, number, links[:1]) if type(links[0].layer) is Dense else None


class DenseStep(FusedStep):
    """activation(x · W + b): the product goes into a buffer, bias and activation are applied there."""

    tile = least = 256

    def bind(self, shape: tuple[int, ...]) -> Kernel:
        """The kernel for x (..., input_dim)."""
        (layer,) = self.layers
        assert isinstance(layer, Dense)  # by the rule; for the type checker
        out_shape = known(layer.output_shape(shape))
        product = product_of(math.prod(out_shape[:-1]), np.asarray(layer.W, FLOAT32))
        out, terms = product.outputs, len(layer.W)
        bias = None if layer.b is None else full(out.shape, layer.b)
        activate = activation_in_place(layer.activate, out.shape)
        shaped = out.reshape(out_shape)

        def run(x: Array) -> Array:
            product.of(as_float32(x).reshape(-1, terms))
            if bias is not None:
                np.add(out, bias, out=out)
            if activate is not None:
                activate(out)
            return shaped

        return run
