"""What a model file says, as data: layers with their configs and weights, and how they are wired.

Every reader of `keras_files` produces a `ModelSpec`; everything behind it (layers, models, the oracle) starts
from one and needs to know nothing about file formats.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from numpy.typing import NDArray

from .errors import ScratchnnError

Array = NDArray[Any]
Shape = tuple[int | None, ...]


class TensorRef(NamedTuple):
    """One tensor of the graph: output `tensor` of call number `node` of layer `layer`."""

    layer: str
    node: int = 0
    tensor: int = 0


@dataclass(frozen=True)
class Weight:
    """One named array of a layer, in the order of Keras's `layer.weights`."""

    name: str
    value: Array


@dataclass(frozen=True)
class LayerSpec:
    """One layer of a model file.

    Attributes:
        class_name: Keras's class, e.g. "Conv2D".
        name: the layer's name in its model.
        config: Keras's config of the layer, in the words of Keras 3 whatever version wrote it.
        weights: its arrays in the order of Keras's `layer.weights`, in the layout of Keras 3.
        assets: texts that Keras saves beside the weights, e.g. {"vocabulary": ...}.
        keras_version: the major version (1, 2 or 3) of the Keras that wrote it, whose meanings hold.
        shared: a number that the file gives to a layer that stands in several models; it stores its arrays once.
        model: the inner model, where the layer is a whole model; its layers have the weights.
        faults: what the reader found that keeps this layer from running; the model names them all at once.
    """

    class_name: str
    name: str
    config: Mapping[str, Any]
    weights: tuple[Weight, ...] = ()
    assets: Mapping[str, Any] = field(default_factory=dict)
    keras_version: int = 3
    model: "ModelSpec | None" = None
    faults: tuple[ScratchnnError, ...] = ()
    shared: int | None = None


@dataclass(frozen=True)
class NodeSpec:
    """One call of a layer: its arguments hold `TensorRef`s, possibly nested in tuples, lists and dicts."""

    layer: str
    index: int
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelSpec:
    """A model: layers, the calls that wire them in topological order, and its inputs and outputs.

    An operation on tensors (`x + y`, `keras.ops.mean`) stands among the layers as class "ops.Add", "ops.Mean".

    Attributes:
        name: the model's name.
        class_name: "Sequential" or "Functional".
        layers: all layers, InputLayer included, in the file's order.
        nodes: one entry a call of a layer; InputLayers have none.
        inputs: the tensors that the caller gives.
        outputs: the tensors that the model returns.
        nested_inputs: False where Keras takes the one input bare, True where it takes a list.
        nested_outputs: the same for the outputs.
        input_names, output_names: the keys where Keras takes or gives a dict, else empty.
        keras_version: the full version text of the Keras that wrote the file, e.g. "3.4.1".
        faults: what the reader found that belongs to no layer, such as weights that none takes.
    """

    name: str
    class_name: str
    layers: tuple[LayerSpec, ...]
    nodes: tuple[NodeSpec, ...]
    inputs: tuple[TensorRef, ...]
    outputs: tuple[TensorRef, ...]
    nested_inputs: bool = False
    nested_outputs: bool = False
    input_names: tuple[str, ...] = ()
    output_names: tuple[str, ...] = ()
    keras_version: str = "3"
    faults: tuple[ScratchnnError, ...] = ()

    def layer(self, name: str) -> LayerSpec:
        """The layer of that name."""
        return next(layer for layer in self.layers if layer.name == name)


def tensor_refs(structure: Any) -> Iterator[TensorRef]:
    """All TensorRefs in a nested structure of tuples, lists and dicts, in order."""
    if isinstance(structure, TensorRef):
        yield structure
    elif isinstance(structure, Mapping):
        for value in structure.values():
            yield from tensor_refs(value)
    elif isinstance(structure, list | tuple):
        for value in structure:
            yield from tensor_refs(value)
