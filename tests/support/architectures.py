"""Whole Sequential models drawn at random, as literals, and built by Keras."""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from . import filling, oracle
from .geometry import sizes


@dataclass(frozen=True)
class Architecture:
    """A Sequential model.

    Attributes:
        input_shape: without the batch axis.
        layers: (Keras class, options) of each layer.
        seed: of weights and input.
        ids: the input holds integers below this; None means floats.
    """

    input_shape: tuple[int, ...]
    layers: tuple[tuple[str, dict[str, Any]], ...]
    seed: int = 0
    ids: int | None = None

    def build(self) -> Any:
        """The Keras model, with random weights."""
        keras = oracle.keras_module()
        oracle.clear_now_and_then()
        dtype = "float32" if self.ids is None else "int32"
        layers = [self._layer(keras, *layer) for layer in self.layers]
        model = keras.Sequential([keras.Input(self.input_shape, dtype=dtype), *layers])
        model.set_weights(
            [
                filling.weight(self.seed, place, variable.path, tuple(variable.shape), "normal")
                for place, variable in enumerate(model.weights)
            ]
        )
        return model

    @staticmethod
    def _layer(keras: Any, class_name: str, options: dict[str, Any]) -> Any:
        keras_class, options = getattr(keras.layers, class_name), copy.deepcopy(options)
        return keras_class.from_config(options) if oracle.is_wrapper(options) else keras_class(**options)

    def inputs(self, batch: int = 3) -> np.ndarray:
        """A batch of input."""
        kind = "float" if self.ids is None else f"ids:{self.ids}"
        return filling.filled(kind, self.seed, "input", (batch, *self.input_shape), "normal")

    def save(self, folder: Path, suffix: str) -> Path:
        """Have Keras save the model in a format."""
        path = folder / f"model{suffix}"
        model = self.build()
        (model.save_weights if suffix == ".weights.h5" else model.save)(path)
        return path


ACTIVATIONS = st.sampled_from(["relu", "linear", "tanh", "sigmoid", "elu", "gelu", "silu"])
SEEDS = st.integers(0, 10**6)


@st.composite
def cnns(draw: st.DrawFn) -> Architecture:
    """Blocks of convolution, perhaps normalization, and pooling; then Dense layers down to a softmax."""
    shape = (draw(sizes(14, smallest=6)), draw(sizes(14, smallest=6)), draw(sizes(3)))
    layers: list[tuple[str, dict[str, Any]]] = []
    if draw(st.booleans()):
        layers.append(("Rescaling", {"scale": 1 / 255}))
    for _ in range(draw(sizes(3))):
        layers += draw(_blocks())
    layers.append(
        draw(st.sampled_from([("Flatten", {}), ("GlobalAveragePooling2D", {}), ("GlobalMaxPooling2D", {})]))
    )
    for _ in range(draw(st.integers(0, 2))):
        layers.append(("Dense", {"units": draw(sizes(8)), "activation": draw(ACTIVATIONS)}))
        if draw(st.booleans()):
            layers.append(("Dropout", {"rate": 0.5}))
    return Architecture(shape, (*layers, *draw(_heads())), draw(SEEDS))


@st.composite
def _blocks(draw: st.DrawFn) -> list[tuple[str, dict[str, Any]]]:
    convolution = {
        "filters": draw(sizes(5)),
        "kernel_size": (draw(sizes(3)), draw(sizes(3))),
        "strides": draw(st.sampled_from([(1, 1), (1, 1), (2, 1), (1, 2)])),
        "padding": "same",
        "activation": draw(ACTIVATIONS),
        "use_bias": draw(st.booleans()),
    }
    block: list[tuple[str, dict[str, Any]]] = [("Conv2D", convolution)]
    if draw(st.booleans()):
        block.append(("BatchNormalization", {"epsilon": 1e-3}))
        block.append(draw(st.sampled_from([("Activation", {"activation": "tanh"}), ("ReLU", {"max_value": 6.0})])))
    if draw(st.booleans()):
        pool = draw(st.sampled_from(["MaxPooling2D", "AveragePooling2D"]))
        block.append((pool, {"pool_size": (draw(sizes(2)), draw(sizes(2))), "padding": "same"}))
    return block


@st.composite
def _heads(draw: st.DrawFn, masked: bool = False) -> list[tuple[str, dict[str, Any]]]:
    """A softmax; not as a layer where a mask (batch, time) arrives, which Keras's Softmax raises at."""
    units = draw(sizes(5, smallest=2))
    if masked or draw(st.booleans()):
        return [("Dense", {"units": units, "activation": "softmax"})]
    return [("Dense", {"units": units}), ("Softmax", {})]


@st.composite
def recurrent_models(draw: st.DrawFn, class_name: str) -> Architecture:
    """Embedding (masking or not) or a sequence of vectors, recurrent layers in one direction or both, Dense."""
    ids = draw(st.none() | sizes(12, smallest=2))
    time = draw(sizes(6))
    layers: list[tuple[str, dict[str, Any]]] = []
    if ids is not None:
        embedding = {"input_dim": ids, "output_dim": draw(sizes(5)), "mask_zero": draw(st.booleans())}
        layers.append(("Embedding", embedding))
    depth, sequences = draw(sizes(3)), True
    for place in range(depth):
        sequences = place + 1 < depth or draw(st.booleans())
        layers.append(draw(_recurrent_layers(class_name, sequences)))
        if draw(st.booleans()):
            layers.append(("Dropout", {"rate": 0.3}))
    masked = sequences and any(options.get("mask_zero") for _, options in layers)
    shape = (time,) if ids is not None else (time, draw(sizes(4)))
    return Architecture(shape, (*layers, *draw(_heads(masked))), draw(SEEDS), ids)


@st.composite
def _recurrent_layers(draw: st.DrawFn, class_name: str, sequences: bool) -> tuple[str, dict[str, Any]]:
    options = {"units": draw(sizes(5)), "return_sequences": sequences, "use_bias": draw(st.booleans())}
    if draw(st.booleans()):
        return class_name, {**options, "go_backwards": draw(st.booleans())}
    inner = {"module": "keras.layers", "class_name": class_name, "config": options, "registered_name": None}
    return "Bidirectional", {"layer": inner, "merge_mode": draw(st.sampled_from(["concat", "sum", "ave", "mul"]))}
