"""A model of a file: its layers, run in the order that its graph gives."""

import copy
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import DTypeLike

from ..engine import Plan, compile_model
from ..errors import UnsupportedError
from ..keras_files import read_model, read_weights
from ..layers import Layer
from ..layers.base import Array
from ..layers.operations import Operation
from ..spec import ModelSpec, NodeSpec, TensorRef, tensor_refs
from .building import build_layers, mix_samples, shape_text
from .inputs import Values, checked_inputs, uncast_inputs

if TYPE_CHECKING:
    from ..engine.processes import WorkerProcesses


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
        layers: the layers, in the file's order, without the inputs; a nested model is one of them.
        input_shapes, output_shapes: one shape a tensor, batch axis first, None where a size is open.
        tensor_shapes: the same for every tensor of the graph.
        dtype: what `astype` made of it, or None, where each layer has the dtype of the file.
        mixes_samples: whether samples of a batch meet, as in `x - keras.ops.mean(x)`; `predict` then takes
            `batch_size` of them (all, where none is given) as one batch.
    """

    def __init__(self, spec: ModelSpec) -> None:
        self.spec, self.name = spec, spec.name
        self._layers, self._shapes = build_layers(spec)
        self.layers = list(self._layers.values())
        self.input_shapes = [self._shapes[ref] for ref in spec.inputs]
        self.output_shapes = [self._shapes[ref] for ref in spec.outputs]
        self.tensor_shapes = list(self._shapes.values())
        self.mixes_samples = mix_samples(spec, self._layers, self._shapes)
        self._uncast = uncast_inputs(spec, self._layers)
        self._versions = {layer.name: layer.keras_version for layer in spec.layers}
        self.dtype: np.dtype[Any] | None = None
        self._plan: Plan | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles have no plan; it is made again."""
        return {**vars(self), "_plan": None}

    def __repr__(self) -> str:
        return f"<Model {self.name!r}: {len(self.layers)} layers, {self.count_params():,} parameters>"

    def layer(self, name: str) -> Layer:
        """The layer of that name."""
        return self._layers[name]

    def astype(self, dtype: DTypeLike) -> Self:
        """A copy whose layers hold their weights, and compute, in that float dtype."""
        other = self._map_layers(lambda layer: layer.astype(dtype))
        other.dtype = np.dtype(dtype)
        return other

    def map_weights(self, change: Callable[[Array], Array]) -> Self:
        """A copy with `change` applied to each array of each layer."""
        return self._map_layers(lambda layer: layer.map_weights(change))

    def stateless(self) -> Self:
        """A copy whose layers start every call from zeros, stateful ones too."""
        return self._map_layers(_stateless)

    def _map_layers(self, change: Callable[[Layer], Layer]) -> Self:
        other = copy.copy(self)
        other._layers = {name: change(layer) for name, layer in self._layers.items()}
        other.layers = list(other._layers.values())
        return other

    def load_weights(self, path: str | Path) -> None:
        """Replace all weights by those of a weights file (.weights.h5, or Keras's older .h5).

        Raises:
            ModelFileError: no weights file.
            WeightError: it is not of this architecture; the present weights stay.
        """
        vars(self).update(vars(type(self)(read_weights(Path(path), self.spec))))

    def forward(self, x: Any, training: bool = False) -> Any:
        """Run the plain layers on a batch.

        Args:
            x: the input (batch, ...), or one array an input in a list or a dict by name.
            training: True lets Dropout drop.

        Returns:
            The output, or a list or a dict of them where the model has several.

        Raises:
            InputError: input that the model does not take.
            UnsupportedError: training with a layer that scratchnn can only run at inference.
        """
        values = self._check_inputs(x)
        self.run(values, training=training)
        return self._pack([values[ref] for ref in self.spec.outputs])

    def predict(
        self, x: Any, batch_size: int | None = None, workers: "int | WorkerProcesses | None" = None
    ) -> Any:
        """The model's output for any number of samples, by the fast way (see `scratchnn.engine`).

        Args:
            x: the input (samples, ...), or one array an input in a list or a dict by name.
            batch_size: samples that are worked on at a time, at most; it bounds the memory, not the result.
            workers: threads, at most; None means as many as there are cores. Or `WorkerProcesses`, which are
                faster where layers make many short calls. The result does not depend on their number.

        Returns:
            The output (samples, ...), or a list or a dict of them where the model has several.

        Raises:
            InputError: input that the model does not take, or a batch size or number of workers below 1.
            WorkerError: processes that have ended.
        """
        values = self._check_inputs(x)
        if self._plan is None or not self._plan.is_current():
            # A copy, for the plan not to hold the model that holds it: a dropped model is freed at once.
            self._plan = compile_model(copy.copy(self))
        return self._pack(self._plan.predict(values, batch_size, workers))

    def run(
        self,
        values: Values,
        training: bool = False,
        watch: Callable[[NodeSpec, Layer, tuple[Any, ...], Any], None] | None = None,
        masks: Values | None = None,
    ) -> None:
        """Fill in the value of every tensor of the graph.

        Args:
            values: the checked inputs; the outputs of all layers are added.
            training: whether layers run in training mode.
            watch: called after each call of a layer with the node, the layer, its arguments and its output.
            masks: masks of the inputs; the masks of all tensors are added.
        """
        masks = {} if masks is None else masks
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
        args, mask = _fill(node.args, values), _mask_of(node.args, masks)
        layer, kwargs = self._layers[node.layer], _fill(node.kwargs, values)
        passes = layer.masks_by_argument or _passes_mask(node, self._versions[node.layer])
        output, output_mask = self.call(layer, args, kwargs, mask, training, passes_mask=passes)
        if layer.masks_by_argument:
            _take_masks_off(node, layer, values, masks)
        _store(values, node, output)
        _store(masks, node, output_mask)
        return args, output

    @staticmethod
    def call(
        layer: Layer,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        mask: Any,
        training: bool = False,
        *,
        passes_mask: bool = True,
    ) -> tuple[Any, Any]:
        """One call of a layer as Keras makes it: input cast to the layer's dtype, mask and mode passed on.

        Args:
            layer: the layer.
            args: its inputs.
            kwargs: its keyword arguments; a `mask` here counts instead of the input's own.
            mask: the mask of the first input, or a list of masks for a list of inputs.
            training: the mode.
            passes_mask: whether the layer is given the mask, beside passing it on.

        Returns:
            The layer's output and the output's mask.
        """
        if training and layer.inference_only:
            raise UnsupportedError(f"{layer.label}: scratchnn runs this layer at inference only, not in training")
        mask, passes_mask = kwargs.get("mask", mask), passes_mask or "mask" in kwargs
        accepted = inspect.signature(layer.forward).parameters
        args = tuple(_cast(value, layer) for value in args)
        given = {key: _cast(value, layer) for key, value in kwargs.items() if key != "mask"}
        extra = {"mask": mask if passes_mask else None, "training": training}
        given |= {key: value for key, value in extra.items() if key in accepted and value is not None}
        if hasattr(layer, "forward_with_mask"):  # a model: its masks come out of its own graph
            return layer.forward_with_mask(*args, **given)
        output = layer.forward(*args, **given)
        if not layer.autocast:
            output = output.astype(layer.dtype, copy=False)
        if isinstance(layer, Operation) and output is args[0]:
            return output, mask  # in Keras a mask belongs to a tensor, and this is the very same
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
            rows.append((layer.name, class_name, ", ".join(map(shape_text, shapes)), f"{params:,}"))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
        ]
        inputs = ", ".join(map(shape_text, self.input_shapes))
        head = f"Model {self.name!r} ({self.spec.class_name}, Keras {self.spec.keras_version}), input {inputs}"
        return "\n".join([head, *lines, f"total parameters: {self.count_params():,}"])

    def _check_inputs(self, x: Any) -> Values:
        """The given input by tensor, after checking number, rank and sizes."""
        return checked_inputs(self.spec, self.input_shapes, x, self._uncast, self.dtype)

    def _pack(self, outputs: list[Any]) -> Any:
        """The outputs as Keras returns them: one, a list or a dict."""
        if self.spec.output_names:
            return dict(zip(self.spec.output_names, outputs, strict=True))
        return outputs if self.spec.nested_outputs else outputs[0]


def _fill(structure: Any, values: Mapping[TensorRef, Any]) -> Any:
    """The structure with each TensorRef replaced by its value."""
    if isinstance(structure, TensorRef):
        return values[structure]
    if isinstance(structure, Mapping):
        return {key: _fill(value, values) for key, value in structure.items()}
    if isinstance(structure, list | tuple):
        return type(structure)(_fill(value, values) for value in structure)
    return structure


def _stateless(layer: Layer) -> Layer:
    """A copy of a layer without memory of the call before, nor in the layers inside it."""
    other = layer.map_weights(lambda array: array)
    left = [other]
    while left:
        each = left.pop()
        if getattr(each, "stateful", False):
            vars(each).update(stateful=False, states=None)
        left += each.sublayers().values()
    return other


def _mask_of(args: tuple[Any, ...], masks: Mapping[TensorRef, Any]) -> Any:
    """The mask of the first argument (a list of masks for a list of tensors); None where none has one."""
    first = args[0]
    if isinstance(first, TensorRef):
        return masks.get(first)
    found = [masks.get(ref) for ref in tensor_refs(first)]
    return None if all(mask is None for mask in found) else found


def _passes_mask(node: NodeSpec, keras_version: int) -> bool:
    """Whether the layer is given its input's mask: Keras 3 does so for a call with one tensor argument alone.

    Keras 1 and 2 do it always, e.g. for an LSTM that is called with an initial state too.
    """
    arguments = [*node.args, *node.kwargs.values()]
    return keras_version < 3 or sum(any(True for _ in tensor_refs([argument])) for argument in arguments) == 1


def _take_masks_off(node: NodeSpec, layer: Layer, values: Values, masks: Values) -> None:
    """Remove the masks of the inputs, unless they were cast: Keras's attention clears them (docs/findings.md)."""
    for ref in tensor_refs(node.args):
        if values[ref].dtype.kind != "f" or values[ref].dtype == layer.dtype:
            masks.pop(ref, None)


def _store(values: Values, node: NodeSpec, output: Any) -> None:
    """Enter the output or outputs of a call."""
    for place, item in enumerate(output if isinstance(output, list | tuple) else [output]):
        values[TensorRef(node.layer, node.index, place)] = item


def _cast(value: Any, layer: Layer) -> Any:
    """Float arrays in the layer's dtype, where it is one that casts them; everything else as it is."""
    if isinstance(value, list | tuple):
        return type(value)(_cast(item, layer) for item in value)
    if layer.computes and layer.autocast and isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value.astype(layer.dtype, copy=False)
    return value
