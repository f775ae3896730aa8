"""Layers that do nothing at inference, or only change the shape: no copy, no work."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..layers.dropout import Dropout
from ..layers.flatten import Flatten
from ..layers.inference_identity import InferenceIdentity
from ..layers.reshape import Reshape
from .chain import Link
from .pointwise import as_float32
from .steps import FusedStep, Kernel

if TYPE_CHECKING:
    from ..models.graph import Model


def fuse_passing(model: "Model", number: int, links: Sequence[Link]) -> FusedStep | None:
    """Dropout, Identity, Flatten, Reshape and the like, as many as follow each other."""
    taken = 0
    while taken < len(links) and _passes(links[taken]):
        taken += 1
    return PassingStep(model, number, links[:taken]) if taken else None


def _passes(link: Link) -> bool:
    layer = link.layer
    first = isinstance(layer, Flatten) and layer.data_format == "channels_first"
    return isinstance(layer, Dropout | InferenceIdentity | Flatten | Reshape) and not first


class PassingStep(FusedStep):
    """The same numbers in another shape."""

    tile = least = 512

    def bind(self, shape: tuple[int, ...]) -> Kernel:
        """A kernel that returns a view."""
        out = shape
        for layer in self.layers:
            out = layer.output_shape(out)
        return lambda x: as_float32(x).reshape(out)
