"""A whole model as one layer of another."""

import copy
from collections.abc import Callable
from typing import Any, Self

from numpy.typing import DTypeLike

from ..errors import InputError
from ..layers import Layer
from ..layers.base import Array
from ..spec import ModelSpec, TensorRef
from .building import infer_shapes, shape_text
from .graph import Model


class NestedModel(Layer):
    """A model that is called like a layer: a tensor, or a list or a dict of them, to the same.

    Attributes:
        model: the model; its layers compute in dtypes of their own.
    """

    computes = False
    bound = "model"

    def __init__(self, spec: ModelSpec, *, name: str | None = None) -> None:
        super().__init__(name=name or spec.name)
        self.model = Model(spec)
        self.inference_only = any(layer.inference_only for layer in self.model.layers)
        self.stateful = any(getattr(layer, "stateful", False) for layer in self.model.layers)

    @property
    def label(self) -> str:
        """How messages name the layer."""
        return f"{self.model.spec.class_name} {self.name!r}"

    def forward(self, x: Any, mask: Any = None, training: bool = False) -> Any:
        """The model's output or outputs for its input or inputs."""
        return self.forward_with_mask(x, mask, training)[0]

    def forward_with_mask(self, x: Any, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        """The outputs and their masks, which the layers inside have given them."""
        refs = self.model.spec.inputs
        values = dict(zip(refs, self.listed(x), strict=True))
        masks = {} if mask is None else dict(zip(refs, self.listed(mask), strict=True))
        self.model.run(values, training, masks=masks)
        outputs, output_masks = ([found.get(ref) for ref in self.outputs] for found in (values, masks))
        return (outputs, output_masks) if len(outputs) > 1 else (outputs[0], output_masks[0])

    def output_shape(self, input_shape: Any) -> Any:
        """The shape or shapes of the outputs for the shape or shapes of the inputs."""
        refs, own = self.model.spec.inputs, self.model.input_shapes
        given = [input_shape] if _is_shape(input_shape) else self.listed(input_shape)
        for ref, shape, expected in zip(refs, given, own, strict=True):
            fits = len(shape) == len(expected) and all(
                None in (n, m) or n == m for n, m in zip(shape[1:], expected[1:], strict=True)
            )
            if not fits:
                raise InputError(
                    f"{self.label}, input {ref.layer!r}: expected shape {shape_text(expected)}, "
                    f"got {shape_text(shape)}"
                )
        shapes = infer_shapes(self.model.spec, self.sublayers(), dict(zip(refs, given, strict=True)))
        outputs = [shapes[ref] for ref in self.outputs]
        return outputs if len(outputs) > 1 else outputs[0]

    def mixes_samples(self, input_shape: Any) -> bool:
        """Whether they meet inside."""
        return self.model.mixes_samples

    @property
    def outputs(self) -> list[TensorRef]:
        """The outputs as a graph numbers them: those of a dict are sorted by their keys."""
        outputs, names = self.model.spec.outputs, self.model.spec.output_names
        return [outputs[names.index(name)] for name in sorted(names)] if names else list(outputs)

    def listed(self, x: Any) -> list[Any]:
        """One value for each input."""
        names = self.model.spec.input_names
        values = [x[name] for name in names] if isinstance(x, dict) else x if isinstance(x, list | tuple) else [x]
        if len(values) != len(self.model.spec.inputs):
            raise InputError(f"{self.label}: expected {len(self.model.spec.inputs)} inputs, got {len(values)}")
        return list(values)

    def sublayers(self) -> dict[str, Layer]:
        """The layers inside, by name."""
        return dict(zip((layer.name for layer in self.model.layers), self.model.layers, strict=True))

    def map_weights(self, change: Callable[[Array], Array], dtype: DTypeLike | None = None) -> Self:
        """A copy with `change` applied to each array of each layer inside."""
        other = copy.copy(self)
        other.model = self.model._map_layers(lambda layer: layer.map_weights(change, dtype))
        return other


def _is_shape(value: Any) -> bool:
    return isinstance(value, tuple) and all(n is None or isinstance(n, int) for n in value)
