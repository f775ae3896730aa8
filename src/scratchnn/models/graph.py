"""A model of a file: its layers, run in the order that its graph gives."""

import copy
import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike

from ..engine import Plan, compile_model
from ..errors import InputError, ScratchnnError, UnsupportedError, raise_faults
from ..keras_files import read_layer_weights, read_model
from ..layers import LAYERS, Layer, build_layer
from ..layers.base import Array
from ..spec import LayerSpec, ModelSpec, NodeSpec, Shape, TensorRef, tensor_refs

Values = dict[TensorRef, Any]


def load_model(path: str | Path) -> "Model":
    """Read a Keras model file (.keras, or .h5 with the model's config) without Keras.

    Raises:
        ModelFileError: no such file, or not a Keras model.
        UnsupportedError, ConfigError, WeightError: something in it that scratchnn does not run; if there are
            several such faults, one ModelFaults names them all.
    """
    return Model(read_model(Path(path)))


class Model:
    """A trained model at inference.

    Attributes:
        name: the model's name.
        spec: what the file said.
        layers: the layers, in the file's order, without the inputs.
        input_shapes, output_shapes: one shape a tensor, batch axis first, None where a size is open.
        tensor_shapes: the same for every tensor of the graph.
    """

    def __init__(self, spec: ModelSpec) -> None:
        self.spec, self.name = spec, spec.name
        self._layers, self._shapes = _build_layers(spec)
        self.layers = list(self._layers.values())
        self.input_shapes = [self._shapes[ref] for ref in spec.inputs]
        self.output_shapes = [self._shapes[ref] for ref in spec.outputs]
        self.tensor_shapes = list(self._shapes.values())
        self._plan: Plan | None = None

    def __repr__(self) -> str:
        return f"<Model {self.name!r}: {len(self.layers)} layers, {self.count_params():,} parameters>"

    def layer(self, name: str) -> Layer:
        """The layer of that name."""
        return self._layers[name]

    def astype(self, dtype: DTypeLike) -> Self:
        """A copy whose layers hold their weights, and compute, in that float dtype."""
        return self._map_layers(lambda layer: layer.astype(dtype))

    def map_weights(self, change: Callable[[Array], Array]) -> Self:
        """A copy with `change` applied to each array of each layer."""
        return self._map_layers(lambda layer: layer.map_weights(change))

    def _map_layers(self, change: Callable[[Layer], Layer]) -> Self:
        other = copy.copy(self)
        other._layers = {name: change(layer) for name, layer in self._layers.items()}
        other.layers = list(other._layers.values())
        other._plan = None
        return other

    def load_weights(self, path: str | Path) -> None:
        """Replace all weights by those of a weights file (.weights.h5, or Keras's older .h5).

        Raises:
            ModelFileError: no weights file.
            WeightError: it is not of this architecture; the present weights stay.
        """
        weighted = [spec for spec in self.spec.layers if spec.weights]
        arrays = read_layer_weights(Path(path), [(spec.class_name, spec.name) for spec in weighted])
        loaded = {spec.name: weights for spec, weights in zip(weighted, arrays, strict=True)}
        layers = tuple(replace(spec, weights=loaded.get(spec.name, ())) for spec in self.spec.layers)
        vars(self).update(vars(type(self)(replace(self.spec, layers=layers))))

    def forward(self, x: Any, training: bool = False) -> Any:
        """Run the plain layers on a batch.

        Args:
            x: the input (batch, ...), or one array an input in a list or a dict by name.
            training: True lets Dropout drop.

        Returns:
            The output, or a list of them where the model has several.

        Raises:
            InputError: input that the model does not take.
            UnsupportedError: training with a layer that scratchnn can only run at inference.
        """
        values = self._check_inputs(x)
        self.run(values, training=training)
        return self._outputs(values)

    def predict(self, x: Any, batch_size: int | None = None, workers: int | None = None) -> Any:
        """The model's output for any number of samples, by the fast way (see `scratchnn.engine`).

        Args:
            x: the input (samples, ...), or one array an input in a list or a dict by name.
            batch_size: samples that are worked on at a time, at most; it bounds the memory, not the result.
            workers: threads, at most; None means as many as there are cores. The result does not depend on it.

        Returns:
            The output (samples, ...), or a list of them where the model has several.

        Raises:
            InputError: input that the model does not take, or a batch size or number of workers below 1.
        """
        values = self._check_inputs(x)
        if self._plan is None or not self._plan.is_current():
            self._plan = compile_model(self)
        outputs = self._plan.predict(values, batch_size, workers)
        return outputs if self.spec.nested_outputs else outputs[0]

    def run(
        self,
        values: Values,
        training: bool = False,
        watch: Callable[[NodeSpec, Layer, tuple[Any, ...], Any], None] | None = None,
    ) -> None:
        """Fill in the value of every tensor of the graph.

        Args:
            values: the checked inputs; the outputs of all layers are added.
            training: whether layers run in training mode.
            watch: called after each call of a layer with the node, the layer, its arguments and its output.
        """
        masks: Values = {}
        with np.errstate(all="ignore"):  # what overflows is infinite, as in Keras
            for node in self.spec.nodes:
                args, output = self.run_node(node, values, masks, training)
                if watch is not None:
                    watch(node, self._layers[node.layer], args, output)

    def run_node(
        self, node: NodeSpec, values: Values, masks: Values, training: bool = False
    ) -> tuple[tuple[Any, ...], Any]:
        """Make one call of the graph, and enter its outputs and their masks.

        Returns:
            The layer's arguments and its output.
        """
        args = _fill(node.args, values)
        output, mask = self.call(
            self._layers[node.layer], args, _fill(node.kwargs, values), _fill_masks(node.args, masks), training
        )
        _store(values, node, output)
        _store(masks, node, mask)
        return args, output

    @staticmethod
    def call(
        layer: Layer, args: tuple[Any, ...], kwargs: Mapping[str, Any], mask: Any, training: bool = False
    ) -> tuple[Any, Any]:
        """One call of a layer as Keras makes it: input cast to the layer's dtype, mask and mode passed on.

        Returns:
            The layer's output and the output's mask.
        """
        if training and layer.inference_only:
            raise UnsupportedError(f"{layer.label}: scratchnn runs this layer at inference only, not in training")
        accepted = inspect.signature(layer.forward).parameters
        args = tuple(_cast(value, layer) for value in args)
        extra = {"mask": mask, "training": training}
        passed = {key: value for key, value in extra.items() if key in accepted and value is not None}
        output = layer.forward(*args, **{**passed, **{key: _cast(value, layer) for key, value in kwargs.items()}})
        return output, layer.compute_mask(args[0], mask)

    def count_params(self) -> int:
        """Number of weights of all layers."""
        return sum(array.size for layer in self.layers for array in layer.get_weights())

    def summary(self) -> str:
        """A table of the layers: name, class, output shape, parameters."""
        rows = [("layer", "class", "output shape", "parameters")]
        for node in self.spec.nodes:
            layer = self._layers[node.layer]
            shapes = [shape for ref, shape in self._shapes.items() if ref[:2] == (node.layer, node.index)]
            params = sum(array.size for array in layer.get_weights())
            class_name = self.spec.layer(node.layer).class_name
            rows.append((layer.name, class_name, ", ".join(map(_shape_text, shapes)), f"{params:,}"))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
        ]
        inputs = ", ".join(map(_shape_text, self.input_shapes))
        head = f"Model {self.name!r} ({self.spec.class_name}, Keras {self.spec.keras_version}), input {inputs}"
        return "\n".join([head, *lines, f"total parameters: {self.count_params():,}"])

    def _check_inputs(self, x: Any) -> Values:
        """The given input by tensor, after checking number, rank and sizes."""
        refs = self.spec.inputs
        given = _as_list(x, refs, self.name)
        values = {
            ref: _adjust_rank(np.asarray(value), shape)
            for ref, value, shape in zip(refs, given, self.input_shapes, strict=True)
        }
        for (ref, value), shape in zip(values.items(), self.input_shapes, strict=True):
            same = len(value.shape) == len(shape) and all(
                n in (None, m) for n, m in zip(shape[1:], value.shape[1:], strict=True)
            )
            if not same:
                raise InputError(
                    f"Model {self.name!r}, input {ref.layer!r}: expected shape {_shape_text(shape)}, "
                    f"got {_shape_text(value.shape)}"
                )
            if value.size == 0:
                raise InputError(f"Model {self.name!r}, input {ref.layer!r}: the input is empty: {value.shape}")
        if len({len(value) for value in values.values()}) > 1:
            sizes = {ref.layer: len(value) for ref, value in values.items()}
            raise InputError(f"Model {self.name!r}: expected as many samples for each input, got {sizes}")
        return values

    def _outputs(self, values: Values) -> Any:
        outputs = [values[ref] for ref in self.spec.outputs]
        return outputs if self.spec.nested_outputs else outputs[0]


def _build_layers(spec: ModelSpec) -> tuple[dict[str, Layer], dict[TensorRef, Shape]]:
    """All layers and the shapes of all tensors; every fault of the model in one error."""
    shapes: dict[TensorRef, Shape] = {}
    for ref in spec.inputs:
        shapes[ref] = tuple(spec.layer(ref.layer).config["batch_shape"])
    built: dict[str, Layer] = {}
    faults: list[ScratchnnError] = []
    for node in spec.nodes:
        layer_spec = spec.layer(node.layer)
        try:
            input_shape = _node_shape(node, layer_spec, shapes)
            if node.layer not in built:
                built[node.layer] = build_layer(layer_spec, input_shape)
            _store(shapes, node, built[node.layer].output_shape(input_shape))
        except _UnknownShape:
            if layer_spec.class_name not in LAYERS:
                faults.append(
                    UnsupportedError(f"{layer_spec.class_name} {layer_spec.name!r}: scratchnn has no such layer")
                )
        except ScratchnnError as fault:
            faults.append(fault)
    raise_faults(f"model {spec.name!r}", faults)
    return built, shapes


class _UnknownShape(Exception):
    """The shape of an input is not known, because the layer before it has a fault."""


def _node_shape(node: NodeSpec, layer: LayerSpec, shapes: Mapping[TensorRef, Shape]) -> Any:
    """Shape of the first argument of a call, a list of shapes where it is a list of tensors."""
    refs = list(tensor_refs(node.args[:1]))
    if any(ref not in shapes for ref in refs):
        raise _UnknownShape
    return shapes[refs[0]] if isinstance(node.args[0], TensorRef) else [shapes[ref] for ref in refs]


def _adjust_rank(value: Array, shape: Shape) -> Array:
    """The value with a last axis of size 1 added or taken off, where that is all it needs (as Keras does)."""
    if value.ndim == len(shape) - 1 and shape[-1] == 1:
        return value[..., None]
    if value.ndim == len(shape) + 1 and value.shape[-1] == 1:
        return value[..., 0]
    return value


def _fill(structure: Any, values: Mapping[TensorRef, Any]) -> Any:
    """The structure with each TensorRef replaced by its value."""
    if isinstance(structure, TensorRef):
        return values[structure]
    if isinstance(structure, Mapping):
        return {key: _fill(value, values) for key, value in structure.items()}
    if isinstance(structure, list | tuple):
        return type(structure)(_fill(value, values) for value in structure)
    return structure


def _fill_masks(args: tuple[Any, ...], masks: Mapping[TensorRef, Any]) -> Any:
    """The mask of the first argument (a list of masks for a list of tensors); None where none has one."""
    first = args[0]
    if isinstance(first, TensorRef):
        return masks.get(first)
    found = [masks.get(ref) for ref in tensor_refs(first)]
    return None if all(mask is None for mask in found) else found


def _store(values: dict[TensorRef, Any], node: NodeSpec, output: Any) -> None:
    """Enter the output or outputs of a call; a shape is a tuple too, but of sizes."""
    several = isinstance(output, list) or (
        isinstance(output, tuple) and any(isinstance(item, tuple | np.ndarray) for item in output)
    )
    for place, item in enumerate(output if several else [output]):
        values[TensorRef(node.layer, node.index, place)] = item


def _cast(value: Any, layer: Layer) -> Any:
    """Float arrays in the layer's dtype; everything else as it is."""
    if isinstance(value, list | tuple):
        return type(value)(_cast(item, layer) for item in value)
    if layer.computes and isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value.astype(layer.dtype, copy=False)
    return value


def _as_list(x: Any, refs: tuple[TensorRef, ...], model: str) -> list[Any]:
    """One value for each input."""
    names = [ref.layer for ref in refs]
    if isinstance(x, Mapping):
        if set(x) != set(names):
            raise InputError(f"Model {model!r}: expected inputs {names}, got {sorted(x)}")
        return [x[name] for name in names]
    if len(refs) == 1:
        return [x]
    if not isinstance(x, list | tuple) or len(x) != len(refs):
        got = len(x) if isinstance(x, list | tuple) else type(x).__name__
        raise InputError(f"Model {model!r}: expected {len(refs)} inputs {names}, got {got}")
    return list(x)


def _shape_text(shape: Shape) -> str:
    return "(" + ", ".join("any" if n is None else str(n) for n in shape) + ")"
