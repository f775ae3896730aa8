"""The layers of a ModelSpec, built with the shapes that its graph gives them; every fault in one error."""

import inspect
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import ConfigError, ModelFaults, ScratchnnError, UnsupportedError, raise_faults
from ..keras_files import limits
from ..layers import Layer, build_layer
from ..layers.operation_batches import mixes_samples
from ..layers.operations import Operation
from ..layers.options import Options
from ..layers.time_distributed import TimeDistributed
from ..spec import LayerSpec, ModelSpec, NodeSpec, Shape, TensorRef

Shapes = dict[TensorRef, Shape]
RANKS = (2, 3, 4, 5)  # of the inputs of layers

# What Python and NumPy raise where a config that no Keras ever wrote (a list of inputs for a layer of one, a text
# where a number belongs) gets past a layer's own checks. It is a fault of the file like any other.
STUMBLES = (
    TypeError,
    ValueError,
    IndexError,
    KeyError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    RecursionError,
)


def build_layers(spec: ModelSpec) -> tuple[dict[str, Layer], Shapes]:
    """All layers by name, and the shapes of all tensors.

    Raises:
        ScratchnnError: what is wrong with the model; ModelFaults where that is more than one thing.
    """
    shapes: Shapes = {ref: tuple(spec.layer(ref.layer).config["batch_shape"]) for ref in spec.inputs}
    built: dict[str, Layer] = {}
    by_name = {layer.name: layer for layer in spec.layers}
    faults = [*spec.faults, *(fault for layer in spec.layers for fault in layer.faults)]
    unusable = {layer.name for layer in spec.layers if layer.faults}
    for node in spec.nodes:
        layer = by_name[node.layer]
        if node.layer in unusable:
            continue
        try:
            _call(node, layer, built, shapes)
        except _UnknownShape:
            faults += _faults_for_any_input(layer)
            unusable.add(layer.name)
        except ScratchnnError as fault:
            faults.append(fault)
            unusable.add(layer.name)
        except STUMBLES as error:
            faults.append(_stumbled(layer, node, shapes, error))
            unusable.add(layer.name)
    if not faults:
        faults += _unused(spec, built, shapes)
    faults = [one for fault in faults for one in getattr(fault, "faults", [fault])]
    raise_faults(f"model {spec.name!r}", faults)
    return built, shapes


def mix_samples(spec: ModelSpec, layers: Mapping[str, Layer], shapes: Shapes) -> bool:
    """Whether samples of a batch meet in the model: its output then depends on how they are batched."""
    for node in spec.nodes:
        layer, arguments = layers[node.layer], fill_shapes(node.args, shapes)
        if isinstance(layer, Operation):
            meet = mixes_samples(layer, arguments, fill_shapes(node.kwargs, shapes))
        else:
            meet = layer.mixes_samples(arguments[0])
        if meet:
            return True
    return False


def infer_shapes(spec: ModelSpec, layers: Mapping[str, Layer], inputs: Mapping[TensorRef, Shape]) -> Shapes:
    """The shapes of all tensors for other shapes of the inputs than the file names.

    Raises:
        InputError: shapes that a layer does not take.
    """
    shapes, built = dict(inputs), dict(layers)
    by_name = {layer.name: layer for layer in spec.layers}
    for node in spec.nodes:
        _call(node, by_name[node.layer], built, shapes)
    return shapes


def _call(node: NodeSpec, spec: LayerSpec, built: dict[str, Layer], shapes: Shapes) -> None:
    """Build the layer at its first call, and enter the shapes of what the call gives."""
    arguments = fill_shapes(node.args, shapes)
    if node.layer not in built:
        built[node.layer] = _build(spec, arguments[0])
    layer = built[node.layer]
    accepted = inspect.signature(layer.forward).parameters
    unknown = sorted(set(node.kwargs) - {"mask", *accepted})
    if unknown and not isinstance(layer, Operation):
        raise UnsupportedError(f"{layer.label}: called with arguments that scratchnn does not know: {unknown}")
    if isinstance(layer, Operation):
        output = layer.call_shape(arguments, fill_shapes(node.kwargs, shapes))
    else:
        named = inspect.signature(layer.output_shape).parameters
        output = layer.output_shape(arguments[0], **{key: node.kwargs[key] for key in named if key in node.kwargs})
    for place, shape in enumerate(_as_shapes(output)):
        if not all(n is None or (isinstance(n, int | np.integer) and n >= 0) for n in shape):
            raise ConfigError(f"{layer.label}: no shape of the result for inputs of shape {arguments!r:.200}")
        size = math.prod(n for n in shape[1:] if n is not None)
        if size > limits.MAX_ELEMENTS:
            raise ConfigError(
                f"{layer.label}: expected at most {limits.MAX_ELEMENTS} numbers a sample, "
                f"got shape {shape_text(shape)}"
            )
        shapes[TensorRef(node.layer, node.index, place)] = shape


def _build(spec: LayerSpec, input_shape: Any) -> Layer:
    from .nested import NestedModel  # a model in a model: each needs the other

    if spec.class_name == "TimeDistributed" and spec.model is not None:
        Options(f"TimeDistributed {spec.name!r}", spec.config).close()
        return TimeDistributed(NestedModel(spec.model), name=spec.name)
    if spec.model is not None:
        return NestedModel(spec.model, name=spec.name)
    return build_layer(spec, input_shape)


def _stumbled(layer: LayerSpec, node: NodeSpec, shapes: Shapes, error: Exception) -> ConfigError:
    """The fault of a layer that stumbled over its config or its input."""
    fault = ConfigError(
        f"{layer.class_name} {layer.name!r}: expected a config and inputs that Keras would write, got inputs of "
        f"shape {fill_shapes(node.args, shapes)!r:.200} and a config that ends in {type(error).__name__}: "
        f"{error!s:.200}"
    )
    fault.__cause__ = error
    return fault


def _faults_for_any_input(layer: LayerSpec) -> list[ScratchnnError]:
    """What is wrong with a layer behind a faulty one, of whose input not even the rank is known.

    It is tried with every rank. What all of them end in is a fault of the layer, and so is what scratchnn does not
    support, unless some rank can be built.
    """
    found = list[ScratchnnError]()
    for rank in RANKS:
        try:
            _build(layer, (None,) * rank)
        except ScratchnnError as fault:
            found.append(fault)
        except STUMBLES:
            continue
        else:
            return []
    unsupported = next((fault for fault in found if isinstance(fault, UnsupportedError | ModelFaults)), None)
    if unsupported is not None:
        return [unsupported]
    return found[:1] if len(found) == len(RANKS) and len(set(map(str, found))) == 1 else []


def _unused(spec: ModelSpec, built: Mapping[str, Layer], shapes: Shapes) -> list[ScratchnnError]:
    """Layers that nothing calls but that have weights, and outputs that no call gives."""
    faults: list[ScratchnnError] = [
        ConfigError(f"{layer.class_name} {layer.name!r}: it has weights, but the model never calls it")
        for layer in spec.layers
        if layer.name not in built and (layer.weights or layer.model is not None)
    ]
    missing = [ref for ref in spec.outputs if ref not in shapes]
    return faults + [ConfigError(f"output {ref.tensor} of {ref.layer!r}: there is none") for ref in missing]


class _UnknownShape(Exception):
    """The shape of an input is not known, because the layer before it has a fault."""


def fill_shapes(structure: Any, shapes: Mapping[TensorRef, Shape]) -> Any:
    """The structure with each TensorRef replaced by its shape."""
    if isinstance(structure, TensorRef):
        if structure in shapes:
            return shapes[structure]
        if structure._replace(tensor=0) in shapes:
            raise ConfigError(f"output {structure.tensor} of {structure.layer!r}: there is none")
        raise _UnknownShape
    if isinstance(structure, Mapping):
        return {key: fill_shapes(value, shapes) for key, value in structure.items()}
    if isinstance(structure, list):
        return [fill_shapes(value, shapes) for value in structure]
    if isinstance(structure, tuple):
        return tuple(fill_shapes(value, shapes) for value in structure)
    return structure


def _as_shapes(output: Any) -> list[Shape]:
    """One shape or several; a shape is a tuple too, but of sizes."""
    several = isinstance(output, list) or any(isinstance(item, tuple) for item in output)
    return list(output) if several else [output]


def shape_text(shape: Shape) -> str:
    """A shape for messages and tables."""
    return "(" + ", ".join("any" if n is None else str(n) for n in shape) + ")"
