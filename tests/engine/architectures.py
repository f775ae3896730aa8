"""Models built by hand from specs, without Keras: configs with the defaults left out, weights from a seed."""

from itertools import pairwise
from typing import Any

import numpy as np

from scratchnn.models.graph import Model
from scratchnn.spec import LayerSpec, ModelSpec, NodeSpec, TensorRef, Weight

Shape = tuple[int | None, ...]


class Builder:
    """A Sequential model, layer by layer.

    Args:
        shape: of the input, batch axis first.
        seed: of the weights.
        dtype: of the input.
        scale: what all weights are multiplied with; 30 saturates gates.
    """

    def __init__(self, shape: Shape, seed: int = 0, dtype: str = "float32", scale: float = 1.0) -> None:
        self._scale = scale
        self._rng = np.random.default_rng(seed)
        self._layers = [LayerSpec("InputLayer", "input", {"batch_shape": list(shape), "dtype": dtype})]

    def weights(self, **shapes: tuple[int, ...]) -> tuple[Weight, ...]:
        """Normal weights that neither explode nor vanish; variances are positive."""
        return tuple(Weight(name, self._value(name, shape)) for name, shape in shapes.items())

    def _value(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        values = self._scale * self._rng.normal(size=shape) / max(1.0, np.sqrt(np.prod(shape[:-1])) / 2)
        return np.asarray(np.abs(values) + 0.1 if "variance" in name else values, np.float32)

    def add(self, class_name: str, config: dict[str, Any] | None = None, **shapes: tuple[int, ...]) -> "Builder":
        """A layer with its config and the shapes of its weights."""
        name = f"{class_name.lower()}_{len(self._layers)}"
        self._layers.append(LayerSpec(class_name, name, dict(config or {}), self.weights(**shapes)))
        return self

    def conv(self, channels: int, filters: int, size: Any = 3, **config: Any) -> "Builder":
        """Conv2D with a kernel of that size."""
        height, width = (size, size) if isinstance(size, int) else size
        groups = config.get("groups", 1)
        bias = {"bias": (filters,)} if config.get("use_bias", True) else {}
        config = {"filters": filters, "kernel_size": [height, width], **config}
        return self.add("Conv2D", config, kernel=(height, width, channels // groups, filters), **bias)

    def pool(self, kind: str = "Max", **config: Any) -> "Builder":
        """MaxPooling2D or AveragePooling2D."""
        return self.add(f"{kind}Pooling2D", {"pool_size": [2, 2], **config})

    def dense(self, inputs: int, units: int, activation: Any = "linear", **config: Any) -> "Builder":
        """Dense."""
        bias = {"bias": (units,)} if config.get("use_bias", True) else {}
        config = {"units": units, "activation": activation, **config}
        return self.add("Dense", config, kernel=(inputs, units), **bias)

    def embedding(self, vocabulary: int, size: int, mask_zero: bool = False) -> "Builder":
        """Embedding."""
        config = {"input_dim": vocabulary, "output_dim": size, "mask_zero": mask_zero}
        return self.add("Embedding", config, embeddings=(vocabulary, size))

    def recurrent(
        self, kind: str, inputs: int, units: int, both: bool = False, merge_mode: Any = "concat", **config: Any
    ) -> "Builder":
        """LSTM, GRU or SimpleRNN in one direction or both."""
        gates = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}[kind]
        shapes = {"kernel": (inputs, gates * units), "recurrent_kernel": (units, gates * units)}
        if config.get("use_bias", True):
            double = kind == "GRU" and config.get("reset_after", True)
            shapes["bias"] = (2, gates * units) if double else (gates * units,)
        inner = {"units": units, **config}
        if not both:
            return self.add(kind, inner, **shapes)
        twice = {f"{way}_{name}": shape for way in ("forward", "backward") for name, shape in shapes.items()}
        layer = {"class_name": kind, "config": {"name": "inner", **inner}}
        return self.add("Bidirectional", {"layer": layer, "merge_mode": merge_mode}, **twice)

    def model(self, every: bool = False) -> Model:
        """The model; with the outputs of every layer, not of the last alone, if so wished."""
        names = [layer.name for layer in self._layers]
        outputs = tuple(map(TensorRef, names[1:] if every else names[-1:]))
        nodes = tuple(NodeSpec(name, 0, (TensorRef(before),)) for before, name in pairwise(names))
        weights = tuple(self._renamed(layer) for layer in self._layers)
        inputs = (TensorRef(names[0]),)
        return Model(ModelSpec("built", "Functional", weights, nodes, inputs, outputs, nested_outputs=every))

    @staticmethod
    def _renamed(layer: LayerSpec) -> LayerSpec:
        """The weights of both directions carry the same names in Keras."""
        plain = tuple(
            Weight(weight.name.removeprefix("forward_").removeprefix("backward_"), weight.value)
            for weight in layer.weights
        )
        return LayerSpec(layer.class_name, layer.name, layer.config, plain)


def small_cnn(seed: int = 0) -> Model:
    """Two blocks of convolution and pooling, and two Dense layers."""
    builder = Builder((None, 8, 8, 3), seed).conv(3, 8, padding="same", activation="relu").pool()
    builder.conv(8, 16, padding="same", activation="relu").pool().add("Flatten")
    return builder.dense(64, 12, "relu").add("Dropout", {"rate": 0.5}).dense(12, 5, "softmax").model()


def small_lstm(seed: int = 0) -> Model:
    """Embedding, a bidirectional LSTM, Dense."""
    builder = Builder((None, 7), seed, "int64").embedding(11, 6).recurrent("LSTM", 6, 5, both=True)
    return builder.dense(10, 3, "softmax").model()


def sample(model: Model, count: int, seed: int = 0) -> np.ndarray:
    """Input for a model: normal numbers, or ids where the first layer is an Embedding."""
    rng = np.random.default_rng(seed)
    shape = (count, *(9 if n is None else n for n in model.input_shapes[0][1:]))
    if type(model.layers[0]).__name__ == "Embedding":
        return rng.integers(0, len(model.layers[0].get_weights()[0]), shape)
    return rng.normal(size=shape).astype(np.float32)
