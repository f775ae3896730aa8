"""Which layers follow each other, so that a rule may fuse them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..layers.base import Layer
from ..spec import NodeSpec, TensorRef, tensor_refs

if TYPE_CHECKING:
    from ..models.graph import Model


@dataclass(frozen=True)
class Link:
    """One call of a layer with a single input tensor and a single output tensor."""

    node: NodeSpec
    layer: Layer

    @property
    def source(self) -> TensorRef:
        """The tensor that the layer takes."""
        return self.node.args[0]

    @property
    def target(self) -> TensorRef:
        """The tensor that the layer gives."""
        return TensorRef(self.node.layer, self.node.index)


class Chains:
    """The chains of a model: runs of layers whose tensors in between nobody else reads.

    Args:
        model: the model.
    """

    def __init__(self, model: "Model") -> None:
        self._model = model
        readers = [(ref, node) for node in model.spec.nodes for ref in tensor_refs((node.args, node.kwargs))]
        counts = Counter(ref for ref, _ in readers)
        counts.update(model.spec.outputs)  # the caller reads these
        self._next = {ref: node for ref, node in readers if counts[ref] == 1}

    def from_node(self, node: NodeSpec) -> Iterator[Link]:
        """The call itself, the call that alone reads its output, and so on."""
        following: NodeSpec | None = node
        while following is not None and len(following.args) == 1 and not following.kwargs:
            if not isinstance(following.args[0], TensorRef):
                return
            link = Link(following, self._model.layer(following.layer))
            yield link
            following = self._next.get(link.target)
