"""Convolutions with the batch normalization, the activation and the pooling that follow them.

Blocks that follow each other are one step. It runs a few images at a time through all of them, so that what one
block hands to the next stays in the cache; the output of a block is written to where the next one wants it, inside
the zeros of its padding. See `convolution_blocks` for what a block does.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from .. import activations
from ..layers.activation import Activation
from ..layers.average_pooling1d import AveragePooling1D
from ..layers.average_pooling2d import AveragePooling2D
from ..layers.base import Array, Layer
from ..layers.batch_normalization import BatchNormalization
from ..layers.conv1d import Conv1D
from ..layers.conv2d import Conv2D
from ..layers.max_pooling1d import MaxPooling1D
from ..layers.max_pooling2d import MaxPooling2D
from ..layers.pooling import Pooling
from ..layers.relu import ReLU
from . import fourier
from .chain import Link
from .convolution_blocks import Block
from .finishing import Call
from .steps import FLOAT32, FusedStep, Kernel

if TYPE_CHECKING:
    from ..models.graph import Model

# Bytes of the largest tensor between two blocks: so many images are worked on at a time.
PASS_BYTES = 2**18

# Activations that look at all filters of a pixel at once.
ALONG_FILTERS = (activations.softmax, activations.log_softmax, activations.sparsemax, activations.glu)

POOLS = (MaxPooling1D, MaxPooling2D, AveragePooling1D, AveragePooling2D)


def fuse_convolution(model: "Model", number: int, links: Sequence[Link]) -> FusedStep | None:
    """Conv1D or Conv2D [BatchNormalization] [activation layer] [pooling of windows that lie apart], repeated."""
    blocks, taken = list[Block](), 0
    while (block := _block([link.layer for link in links[taken : taken + 4]])) is not None:
        blocks.append(block)
        taken += block.layers
    return ConvolutionStep(model, number, links[:taken], blocks) if blocks else None


def _block(layers: Sequence[Layer]) -> Block | None:
    """The block that these layers begin with."""
    if not layers or type(layers[0]) not in (Conv1D, Conv2D):
        return None
    conv, *rest = layers
    assert isinstance(conv, Conv1D | Conv2D)  # for the type checker
    if conv.data_format != "channels_last" or not _fits_groups(conv, conv.activate):
        return None
    activate, normalization, pool = conv.activate, None, None
    if rest and activate is activations.linear and _normalizes_channels(rest[0], conv.rank):
        normalization = cast(BatchNormalization, rest.pop(0))
    if rest and activate is activations.linear and (found := _activation(rest[0])) is not None:
        if not _fits_groups(conv, found):
            return Block(conv, activate, len(layers) - len(rest), normalization)
        activate = found
        rest.pop(0)
    if rest and _apart(rest[0], conv.rank):
        pool = cast(Pooling, rest.pop(0))
    return Block(conv, activate, len(layers) - len(rest), normalization, pool)


def _fits_groups(conv: Conv1D | Conv2D, activate: activations.Activation) -> bool:
    """Whether the activation may be applied to the filters of each group by themselves."""
    known = activate in activations.ACTIVATIONS.values()
    return conv.groups == 1 or (known and activate not in ALONG_FILTERS)


def _normalizes_channels(layer: Layer, rank: int) -> bool:
    return isinstance(layer, BatchNormalization) and layer.axis in (-1, rank + 1)


def _activation(layer: Layer) -> activations.Activation | None:
    """The function of an activation layer, None for other layers."""
    if isinstance(layer, Activation):
        return layer.activate
    if isinstance(layer, ReLU):
        plain = (layer.max_value, layer.negative_slope, layer.threshold) == (None, 0, 0)
        return activations.relu if plain else layer.apply
    return None


def _apart(layer: Layer, rank: int) -> bool:
    """Whether it pools, each position is in one window at most, and no window reaches into padding."""
    if not isinstance(layer, POOLS) or layer.rank != rank:
        return False
    return layer.data_format == "channels_last" and layer.strides == layer.pool_size and layer.padding == "valid"


class ConvolutionStep(FusedStep):
    """Blocks of convolution and pooling, one after the other.

    Args:
        model, number, links: as for any step.
        blocks: what the layers of the links are together.
    """

    tile, least = 64, 16

    def __init__(self, model: "Model", number: int, links: Sequence[Link], blocks: Sequence[Block]) -> None:
        super().__init__(model, number, links)
        self.blocks = tuple(blocks)

    def bind(self, shape: tuple[int, ...]) -> Kernel:
        """The kernel for x (batch, *spatial, channels)."""
        shapes = [shape]
        for block in self.blocks:
            shapes.append(block.output_shape(shapes[-1]))
        out = np.empty(shapes[-1], FLOAT32)
        largest = max(int(np.prod(each[1:])) for each in shapes) * FLOAT32.itemsize
        images = max(1, min(len(out), self._images(shapes, PASS_BYTES // largest)))
        counts = {min(images, len(out) - start) for start in range(0, len(out), images)}
        passes = {count: self._pass([(count, *each[1:]) for each in shapes]) for count in counts}

        def run(x: Array) -> Array:
            for start in range(0, len(out), images):
                part = x[start : start + images]
                inside, calls, last = passes[len(part)]
                np.copyto(inside, part, casting="unsafe")
                for call in calls:
                    call()
                np.copyto(out[start : start + images], last)
            return out

        return run

    def _images(self, shapes: Sequence[tuple[int, ...]], fitting: int) -> int:
        """Images of a pass: as many as fit, or as many as Fourier transforms need."""
        transforms = (block.transform(shape) for block, shape in zip(self.blocks, shapes, strict=False))
        return fourier.IMAGES if any(each is not None for each in transforms) else fitting

    def _pass(self, shapes: Sequence[tuple[int, ...]]) -> tuple[Array, list[Call], Array]:
        """Where the images go, the calls of all blocks, and where the output is.

        Args:
            shapes: of the input and of the output of each block.
        """
        last = target = np.empty(shapes[-1], FLOAT32)
        calls: list[Call] = []
        for block, shape in reversed(list(zip(self.blocks, shapes, strict=False))):
            target, own = block.prepare(shape, target)
            calls = own + calls
        return target, calls, last
