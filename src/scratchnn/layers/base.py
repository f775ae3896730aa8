"""What every layer is: the `Layer` protocol, and the registry that maps Keras's class names to layers."""

import copy
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..errors import ConfigError, InputError, UnsupportedError, WeightError
from ..spec import LayerSpec, Shape
from .options import Options, Weights

Array = NDArray[Any]

Kind = TypeVar("Kind", bound="Layer")

LAYERS: dict[str, type["Layer"]] = {}


def register(*class_names: str) -> Callable[[type["Layer"]], type["Layer"]]:
    """Class decorator: this class implements the Keras layers of these names."""

    def add(layer: type["Layer"]) -> type["Layer"]:
        for class_name in class_names:
            LAYERS[class_name] = layer
        return layer

    return add


class Layer:
    """One layer at inference: arrays in, arrays out, computed in the float dtype of the input.

    A subclass gives `forward`, `output_shape` and `from_config`; `forward` may name the keyword arguments
    `mask`, `training` and `initial_state`, and a model then passes them.

    Attributes:
        name: the layer's name in its model.
        dtype: what a model casts this layer's float input to.
        variables: attributes that hold weights, in the order of Keras's `layer.weights`.
        bound: the rule of `scratchnn.agreement` that bounds this layer's rounding error.
        supports_masking: whether a mask on the input goes on to the output.
        whole_numbers: what the layer makes of integers and booleans, which Keras casts in no model by itself: it
            may "cast" them to its dtype, "promote" them to float32, as Keras's functions do, or "keep" them.
        computes: False for layers that have no float dtype of their own (text in, ids out).
        autocast: whether a model casts this layer's float input to its dtype, as Keras does for most. Else the
            layer works on the input as it is, and its output is cast.
        masks_by_argument: whether Keras gives it the mask of each of its inputs, where they are arguments of their
            own (query, value, key) that are a list here.
        inference_only: whether Keras computes something else in training that this layer cannot.
    """

    name: str
    dtype: np.dtype[Any]
    variables: ClassVar[tuple[str, ...]] = ()
    bound: ClassVar[str]
    supports_masking: bool = False
    whole_numbers: str = "cast"
    computes: ClassVar[bool] = True
    autocast: ClassVar[bool] = True
    masks_by_argument: ClassVar[bool] = False
    inference_only: bool = False

    def __init__(self, *, name: str | None = None, dtype: DTypeLike = np.float32) -> None:
        self.name = name or type(self).__name__.lower()
        self.dtype = np.dtype(dtype)

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Any) -> "Layer":
        """Build the layer from its Keras config and weights; input_shape has the batch axis first."""
        raise NotImplementedError

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The layer's output for its input."""
        raise NotImplementedError

    def output_shape(self, input_shape: Any) -> Any:
        """Shape of the output, batch axis first, None where it is not known."""
        raise NotImplementedError

    def result_dtype(self, args: Sequence[Any]) -> np.dtype[Any]:
        """The dtype of a float result for these inputs: the layer's, or what it makes of whole numbers."""
        arrays = [np.asarray(x) for x in args[:1] if self.whole_numbers != "cast"]
        return np.dtype(np.float32) if any(array.dtype.kind != "f" for array in arrays) else self.dtype

    def mixes_samples(self, input_shape: Any) -> bool:
        """Whether the samples of a batch, the first axis of the input, meet in the output."""
        return False

    def compute_mask(self, x: Any, mask: Any) -> Any:
        """The mask of the output: the input's, where the layer supports masking."""
        return mask if self.supports_masking else None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`forward`."""
        return self.forward(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<{self.label}>"

    @property
    def label(self) -> str:
        """How messages name the layer: its class and its name."""
        return f"{type(self).__name__} {self.name!r}"

    def sublayers(self) -> dict[str, "Layer"]:
        """Layers inside this one, by the attribute that holds them."""
        return {}

    def get_weights(self) -> list[Array]:
        """All arrays, in the order of Keras's `layer.get_weights()`."""
        own = [getattr(self, name) for name in self.variables]
        inner = [array for layer in self.sublayers().values() for array in layer.get_weights()]
        return [array for array in own if array is not None] + inner

    def astype(self, dtype: DTypeLike) -> Self:
        """A copy of the layer whose weights have that float dtype."""
        return self.map_weights(lambda array: array.astype(dtype), dtype)

    def map_weights(self, change: Callable[[Array], Array], dtype: DTypeLike | None = None) -> Self:
        """A copy of the layer with `change` applied to each of its arrays."""
        other = copy.copy(self)
        other.dtype = self.dtype if dtype is None else np.dtype(dtype)
        for name in self.variables:
            if getattr(self, name) is not None:
                setattr(other, name, change(getattr(self, name)))
        for attribute, layer in self.sublayers().items():
            other.replace_sublayer(attribute, layer.map_weights(change, dtype))
        return other

    def replace_sublayer(self, attribute: str, layer: "Layer") -> None:
        """Put a layer in the place of one of `sublayers`."""
        setattr(self, attribute, layer)

    # Checks that subclasses share.

    def as_numbers(self, x: Any, ndim: int | None = None, min_ndim: int = 1, last: int | None = None) -> Array:
        """x as an array, after checking its rank and the size of its last axis.

        Float input keeps its dtype; what becomes of integers and booleans `whole_numbers` says.

        Raises:
            InputError: another rank or size, no elements, or no real numbers.
        """
        array = np.asarray(x)
        if array.dtype.kind not in "fiub":
            raise InputError(f"{self.label}: expected real numbers, got dtype {array.dtype}")
        self.check_shape(array.shape, ndim, min_ndim, last)
        if array.size == 0:
            raise InputError(f"{self.label}: the input is empty: shape {array.shape}")
        if array.dtype.kind == "f" or self.whole_numbers == "keep":
            return array
        return array.astype(self.dtype if self.whole_numbers == "cast" else np.float32)

    def check_shape(
        self, shape: Sequence[int | None], ndim: int | None = None, min_ndim: int = 1, last: int | None = None
    ) -> None:
        """Check rank and last axis of a shape.

        Raises:
            InputError: they are not what the layer takes.
        """
        if ndim is not None and len(shape) != ndim:
            raise InputError(f"{self.label}: expected input of rank {ndim}, got shape {tuple(shape)}")
        if len(shape) < min_ndim:
            raise InputError(f"{self.label}: expected input of rank {min_ndim} or more, got shape {tuple(shape)}")
        if last is not None and shape[-1] not in (last, None):
            raise InputError(
                f"{self.label}: expected {last} along the last axis of the input, got shape {tuple(shape)}"
            )

    def check_axis(self, shape: Sequence[int | None], axis: int, size: int) -> None:
        """Check the size of one axis.

        Raises:
            InputError: the axis is not there, or has another size.
        """
        if not -len(shape) <= axis < len(shape) or shape[axis] not in (size, None):
            raise InputError(
                f"{self.label}: expected {size} along axis {axis} of the input, got shape {tuple(shape)}"
            )

    def as_weights(self, **pairs: tuple[Any, Array | None]) -> list[Any]:
        """Weights that someone sets, checked against the present ones: name=(new value, present value).

        Floats keep their dtype, integers become `self.dtype`; None stands for a weight the layer has not.

        Raises:
            WeightError: a shape that differs, a weight too many or too few, or no real numbers.
        """
        return [self._as_weight(name, *pair) for name, pair in pairs.items()]

    def _as_weight(self, name: str, value: Any, present: Array | None) -> Array | None:
        if value is None and present is None:
            return None
        expected = "none (the layer has no such weight)" if present is None else f"shape {present.shape}"
        if value is None or present is None or np.shape(value) != present.shape:
            got = "none" if value is None else f"shape {np.shape(value)}"
            raise WeightError(f"{self.label}: weight {name!r}: expected {expected}, got {got}")
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise WeightError(f"{self.label}: weight {name!r}: expected real numbers, got dtype {array.dtype}")
        return array if array.dtype.kind == "f" else array.astype(self.dtype)


def is_of_samples(axis: int | Sequence[int], shape: Shape) -> bool:
    """Whether the first axis of a shape is the axis, or among the axes."""
    return any(n % len(shape) == 0 for n in ([axis] if isinstance(axis, int) else axis))


def glorot_uniform(shape: Sequence[int], dtype: DTypeLike) -> Array:
    """First weights of a layer that has not been given any: Keras's default range, the same in every run.

    Source: https://proceedings.mlr.press/v9/glorot10a.html
    """
    limit = np.sqrt(6 / (shape[-2] + shape[-1]))
    return np.random.default_rng(0).uniform(-limit, limit, shape).astype(dtype)


def build_layer(spec: LayerSpec, input_shape: Any) -> Layer:
    """The layer of a spec, with every option and weight accounted for.

    Args:
        spec: class, config and weights.
        input_shape: shape of the input (or a list of shapes), batch axis first.

    Raises:
        UnsupportedError: an unknown class, option or value.
        ConfigError, WeightError, InputError: a fault of the file, with layer, key, expected and received.
    """
    label = f"{spec.class_name} {spec.name!r}"
    options = Options(label, spec.config, spec.keras_version, spec.assets)
    weights = Weights(label, spec.weights)
    layer = build_inner(spec.class_name, options, weights, input_shape)
    layer.name = spec.name
    options.close()
    weights.close()
    return layer


def build_inner(class_name: str, options: Options, weights: Weights, input_shape: Any) -> Layer:
    """The layer of a class name, from options and weights that a wrapper may share with it."""
    if class_name not in LAYERS:
        raise UnsupportedError(_unknown_class(options.layer, class_name))
    # First, since a quantized layer has other weights too.
    dtype = options.dtype() if LAYERS[class_name].computes else None
    layer = LAYERS[class_name].from_config(options, weights, input_shape)
    if dtype is not None:
        layer.dtype = dtype
    return layer


def _unknown_class(label: str, class_name: str) -> str:
    """That there is no such class, with the names that are near it, among operations for an operation."""
    kind = "operation" if class_name.startswith("ops.") else "layer"
    known = [name for name in LAYERS if name.startswith("ops.") == (kind == "operation")]
    near = get_close_matches(class_name, known, n=3, cutoff=0.7)
    similar = f" (similar: {', '.join(name.removeprefix('ops.') for name in near)})" if near else ""
    return (
        f"{label}: scratchnn has no {kind} {class_name.removeprefix('ops.')!r}{similar}; those that it has are in "
        "scratchnn.layers.LAYERS and docs/coverage.md, and CONTRIBUTING.md says how to add one"
    )


def build_nested(
    options: Options, key: str, serialized: Any, weights: Weights, input_shape: Any, kind: type[Kind]
) -> Kind:
    """The layer that a wrapper holds in its config, built from the next weights of the wrapper.

    Args:
        options, key: the wrapper's, for messages.
        serialized: {"class_name": ..., "config": ...}.
        weights: of the wrapper; the inner layer takes its share.
        input_shape: of the inner layer.
        kind: the class that it must be of.

    Raises:
        ConfigError: no serialized layer.
        UnsupportedError: a custom layer, or one that the wrapper does not take.
    """
    if not isinstance(serialized, Mapping) or not isinstance(serialized.get("config"), Mapping):
        raise ConfigError(f"{options.layer}: option {key!r}: expected a serialized layer, got {serialized!r:.200}")
    class_name, module = str(serialized.get("class_name")), str(serialized.get("module") or "keras.layers")
    if serialized.get("registered_name") not in (None, class_name) or module.split(".")[0] != "keras":
        raise UnsupportedError(f"{options.layer}: option {key!r}: a custom class, {module}.{class_name}")
    label = f"{options.layer}, {key} {class_name}"
    inner = Options(label, serialized["config"], options.keras_version)
    layer = build_inner(class_name, inner, weights, input_shape)
    if not isinstance(layer, kind):
        raise UnsupportedError(
            f"{options.layer}: option {key!r}: expected a {kind.__name__.lower()} layer, got {class_name!r}"
        )
    if layer.computes and layer.dtype != options.dtype():
        raise UnsupportedError(
            f"{label}: option 'dtype': expected the {options.dtype()} of the layer around it, got {layer.dtype}"
        )
    layer.name = str(serialized["config"].get("name", class_name.lower()))
    inner.close()
    return layer
