"""What a plan is made of: steps that read and write the values of the graph."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..layers.base import Array, Layer
from ..spec import NodeSpec, Shape, TensorRef
from .chain import Link

if TYPE_CHECKING:
    from ..models.graph import Model

Values = dict[TensorRef, Any]

# A fast step for input of one shape: it owns its buffers, and its output is valid until its next call.
Kernel = Callable[[Array], Array]

# The kernels of one thread, by the number of the step and the shape of its input.
Workspace = dict[tuple[int, tuple[int, ...]], Any]

FLOAT32 = np.dtype(np.float32)


class Step(Protocol):
    """One step of a plan.

    Attributes:
        tile: samples that the step likes to work on at a time.
        least: samples that are still worth a thread of their own.
    """

    tile: int
    least: int

    def run(self, values: Values, masks: Values, workspace: Workspace) -> None:
        """Read the step's inputs from `values`, and enter its outputs and their masks."""
        ...


class PlainStep:
    """A layer that no rule takes: it runs as it does in `Model.forward`."""

    tile = least = 64

    def __init__(self, model: "Model", node: NodeSpec) -> None:
        self._model, self._node = model, node

    @property
    def layer(self) -> Layer:
        """The layer."""
        return self._model.layer(self._node.layer)

    def run(self, values: Values, masks: Values, workspace: Workspace) -> None:
        """Call the layer."""
        self._model.run_node(self._node, values, masks)


class FusedStep:
    """A chain of float32 layers, from the input of the first to the output of the last.

    A subclass gives `bind`. Where the input is none of what kernels take (it has a mask, say), the layers of the
    chain run plain.

    Args:
        model: the model.
        number: of the step in its plan.
        links: the chain.
    """

    tile = least = 64

    def __init__(self, model: "Model", number: int, links: Sequence[Link]) -> None:
        self.number, self.links = number, tuple(links)
        self.source, self.target = links[0].source, links[-1].target
        self._plain = [PlainStep(model, link.node) for link in links]

    @property
    def layers(self) -> list[Layer]:
        """The layers of the chain."""
        return [link.layer for link in self.links]

    def bind(self, shape: tuple[int, ...]) -> Kernel:
        """The kernel for input of this shape.

        Raises:
            InputError: the layers do not take such input.
        """
        raise NotImplementedError

    def run(self, values: Values, masks: Values, workspace: Workspace) -> None:
        """Run the kernel, made at the first call for a shape."""
        x = values[self.source]
        # Kernels compute in float32, which is not what the first layer makes of whole numbers that it keeps.
        taken = x.dtype.kind == "f" or (x.dtype.kind in "iub" and self.layers[0].whole_numbers == "cast")
        if not taken or x.size == 0 or masks.get(self.source) is not None:
            self.run_plain(values, masks, workspace)
            return
        key = (self.number, x.shape)
        kernel = workspace.get(key)
        if kernel is None:
            kernel = workspace[key] = self.bind(x.shape)
        values[self.target] = kernel(x)

    def run_plain(self, values: Values, masks: Values, workspace: Workspace) -> None:
        """Run the layers one by one."""
        for step in self._plain:
            step.run(values, masks, workspace)


def known(shape: Shape) -> tuple[int, ...]:
    """A shape without open sizes, as the output of a layer for known input has; for the type checker."""
    return tuple(n for n in shape if n is not None)
