"""Random calls of Keras layers, drawn from a seed: the material of the tests of the criterion itself.

This is deliberately not the suite's machinery (tests/support): what judges the layers is tested on its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchnn import activations
from scratchnn.agreement import Agreement, check_call
from scratchnn.keras_files import layer_spec_from_keras
from scratchnn.layers import build_layer

REGIMES = ("normal", "integer", "wide", "constant", "saturated", "denormal")
Rng = np.random.Generator


def fill(rng: Rng, shape: tuple[int, ...], regime: str) -> np.ndarray:
    """float32 numbers of a regime."""
    match regime:
        case "integer":
            values = rng.integers(-3, 4, shape)
        case "wide":
            values = rng.standard_normal(shape) * 10.0 ** rng.integers(-20, 20, shape)
        case "constant":
            values = np.full(shape, rng.standard_normal())
        case "saturated":
            values = rng.standard_normal(shape) * 30
        case "denormal":
            values = rng.standard_normal(shape) * 10.0 ** rng.integers(-44, -36, shape)
        case _:
            values = rng.standard_normal(shape)
    return np.asarray(values, np.float32)


@dataclass
class KerasCall:
    """One call of a Keras layer in float32 and float64, and the scratchnn layer for it."""

    name: str
    regime: str
    keras_layer: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    mask: Any
    keras64: Any = None

    def layer(self) -> Any:
        """The scratchnn layer of the same config and weights."""
        first = self.args[0]
        shape = [x.shape for x in first] if isinstance(first, list) else first.shape
        return build_layer(layer_spec_from_keras(self.keras_layer), shape)

    def reference(self, dtype: str = "float32") -> Any:
        """Keras's output or outputs."""
        layer = self.keras_layer if dtype == "float32" else self.keras64
        args, kwargs = _cast((self.args, self.kwargs), dtype)
        if self.mask is not None:
            kwargs["mask"] = np.array(self.mask)
        return _arrays(layer(*args, **kwargs))

    def check(self, layer: Any = None, **options: Any) -> Agreement:
        """check_call with both references."""
        return check_call(
            layer or self.layer(),
            self.args,
            self.kwargs,
            self.mask,
            self.reference(),
            reference64=self.reference("float64"),
            **options,
        )

    def sequence_layers(self, dtype: str = "float32") -> list[Any]:
        """Keras layers that return the outputs of all steps in the order of reading."""
        layer = self.keras_layer if dtype == "float32" else self.keras64
        inner = [layer.forward_layer, layer.backward_layer] if hasattr(layer, "forward_layer") else [layer]
        twins = []
        for one in inner:
            twin = type(one).from_config({**one.get_config(), "return_sequences": True, "return_state": False})
            twin.build(self.args[0].shape)
            twin.set_weights(one.get_weights())
            twins.append(twin)
        return twins

    def sequence(self, dtype: str = "float32") -> Any:
        """Keras's outputs of all steps: of the layer, or a pair for Bidirectional."""
        args, kwargs = _cast((self.args, self.kwargs), dtype)
        layers = self.sequence_layers(dtype)
        states = kwargs.get("initial_state")
        part = 0 if states is None else len(states) // len(layers)
        shares = [states and states[part * k : part * (k + 1)] for k in range(len(layers))]
        outputs = [
            np.asarray(layer(*args, mask=self.mask, initial_state=share))
            for layer, share in zip(layers, shares, strict=True)
        ]
        return outputs if len(outputs) > 1 else outputs[0]


def _cast(structure: Any, dtype: str) -> Any:
    if isinstance(structure, dict):
        return {key: _cast(value, dtype) for key, value in structure.items()}
    if isinstance(structure, list | tuple):
        return type(structure)(_cast(value, dtype) for value in structure)
    if isinstance(structure, np.ndarray) and structure.dtype.kind == "f":
        return structure.astype(dtype)
    return structure


def _arrays(outputs: Any) -> Any:
    if isinstance(outputs, list | tuple):
        return [np.asarray(output) for output in outputs]
    return np.asarray(outputs)


def in_float64(keras_layer: Any, args: tuple[Any, ...]) -> Any:
    """The same Keras layer in float64."""
    config = keras_layer.get_config()
    _set_dtype(config)
    twin = type(keras_layer).from_config(config)
    first = _cast(args[0], "float64")
    twin.build([x.shape for x in first] if isinstance(first, list) else first.shape)
    twin.set_weights([np.asarray(weight).astype(np.float64) for weight in keras_layer.get_weights()])
    return twin


def _set_dtype(config: Any) -> None:
    if isinstance(config, dict):
        for key, value in config.items():
            if key == "dtype":
                config[key] = "float64"
            else:
                _set_dtype(value)


def draw_call(name: str, rng: Rng, regime: str) -> KerasCall:
    """A call of the layer of that name in CASES."""
    keras_layer, shapes, extras = CASES[name](rng)
    ids = extras.pop("ids", None)
    if ids is not None:
        args: tuple[Any, ...] = (rng.integers(0, ids, shapes).astype(np.int32),)
    elif isinstance(shapes, list):
        args = ([fill(rng, shape, regime) for shape in shapes],)
    else:
        args = (fill(rng, shapes, regime),)
    kwargs = {}
    if "states" in extras:
        kwargs["initial_state"] = [fill(rng, shape, regime) for shape in extras["states"]]
    mask = None
    if extras.get("mask"):
        mask = rng.random(args[0].shape[:2]) < 0.7
    keras_layer.build([x.shape for x in args[0]] if isinstance(shapes, list) else args[0].shape)
    weights = []
    for variable in keras_layer.weights:
        value = fill(rng, tuple(variable.shape), regime)
        weights.append(np.abs(value) if "variance" in variable.path else value)
    if regime == "normal":  # gates that are not all saturated
        weights = [weight / np.float32(np.sqrt(max(weight.shape[0], 1))) for weight in weights]
    keras_layer.set_weights(weights)
    return KerasCall(name, regime, keras_layer, args, kwargs, mask, in_float64(keras_layer, args))


def pick(rng: Rng, *options: Any) -> Any:
    return options[rng.integers(len(options))]


def size(rng: Rng, most: int = 6) -> int:
    return int(rng.integers(1, most + 1))


# All of Keras's functions by name; legacy_hard_sigmoid is Keras 2's.
ACTIVATIONS = sorted(set(activations.ACTIVATIONS) - {"legacy_hard_sigmoid", "swish", "hard_swish"})


def _activation(rng: Rng) -> Any:
    return pick(rng, None, "relu", *(name for name in ACTIVATIONS if name != "glu"))


def _gate(rng: Rng) -> Any:
    return pick(rng, "tanh", "sigmoid", "relu", "linear", "hard_sigmoid", "softsign", "softmax", "elu", "gelu")


def dense(rng: Rng) -> Any:
    from keras import layers

    shape = (size(rng), *[size(rng, 4) for _ in range(rng.integers(0, 2))], size(rng, 40))
    units = size(rng, 12)
    return layers.Dense(units, activation=_activation(rng), use_bias=pick(rng, True, False)), shape, {}


def conv2d(rng: Rng) -> Any:
    from keras import layers

    kernel = (size(rng, 4), size(rng, 4))
    spread = pick(rng, "strides", "dilation_rate")
    layer = layers.Conv2D(
        size(rng, 5),
        kernel,
        padding=pick(rng, "same", "valid"),
        activation=_activation(rng),
        use_bias=pick(rng, True, False),
        **{spread: (size(rng, 3), size(rng, 3))},
    )
    shape = (size(rng, 3), *(3 * (k - 1) + 1 + size(rng, 5) for k in kernel), size(rng, 4))
    return layer, shape, {}


def pooling(class_name: str) -> Callable[[Rng], Any]:
    def build(rng: Rng) -> Any:
        from keras import layers

        pool = (size(rng, 4), size(rng, 4))
        layer = getattr(layers, class_name)(
            pool, strides=pick(rng, None, (size(rng, 3), size(rng, 4))), padding=pick(rng, "same", "valid")
        )
        return layer, (size(rng, 3), *(k + size(rng, 6) for k in pool), size(rng, 4)), {}

    return build


def global_pooling(class_name: str) -> Callable[[Rng], Any]:
    def build(rng: Rng) -> Any:
        from keras import layers

        layer = getattr(layers, class_name)(keepdims=pick(rng, True, False))
        return layer, (size(rng, 3), size(rng, 9), size(rng, 9), size(rng, 4)), {}

    return build


def batch_normalization(rng: Rng) -> Any:
    from keras import layers

    layer = layers.BatchNormalization(
        epsilon=pick(rng, 1e-3, 1e-5), scale=pick(rng, True, False), center=pick(rng, True, False)
    )
    shape = (size(rng), *[size(rng, 4) for _ in range(rng.integers(0, 3))], size(rng, 6))
    return layer, shape, {}


def elementwise(class_name: str, *options: dict[str, Any]) -> Callable[[Rng], Any]:
    def build(rng: Rng) -> Any:
        from keras import layers

        layer = getattr(layers, class_name)(**pick(rng, *options))
        return layer, (size(rng, 4), size(rng, 5), 2 * size(rng, 5)), {}

    return build


def embedding(rng: Rng) -> Any:
    from keras import layers

    vocabulary = size(rng, 20)
    return layers.Embedding(vocabulary, size(rng)), (size(rng), size(rng)), {"ids": vocabulary}


def recurrent_options(rng: Rng, class_name: str) -> dict[str, Any]:
    options = {
        "activation": pick(rng, "tanh", _gate(rng)),
        "return_sequences": pick(rng, True, False),
        "return_state": pick(rng, True, False),
        "go_backwards": pick(rng, True, False),
        "zero_output_for_mask": pick(rng, True, False),
        "use_bias": pick(rng, True, True, False),
    }
    if class_name != "SimpleRNN":
        options["recurrent_activation"] = pick(rng, "sigmoid", _gate(rng))
    if class_name == "GRU":
        options["reset_after"] = pick(rng, True, False)
    return options


def recurrent(class_name: str) -> Callable[[Rng], Any]:
    def build(rng: Rng) -> Any:
        from keras import layers

        units, batch = size(rng, 6), size(rng, 3)
        layer = getattr(layers, class_name)(units, **recurrent_options(rng, class_name))
        extras: dict[str, Any] = {"mask": pick(rng, True, False)}
        if pick(rng, True, False):
            extras["states"] = [(batch, units)] * (2 if class_name == "LSTM" else 1)
        return layer, (batch, size(rng, 8), size(rng, 5)), extras

    return build


def bidirectional(class_name: str) -> Callable[[Rng], Any]:
    def build(rng: Rng) -> Any:
        from keras import layers

        units, batch = size(rng, 5), size(rng, 3)
        options = recurrent_options(rng, class_name)
        options["go_backwards"] = False
        layer = layers.Bidirectional(
            getattr(layers, class_name)(units, **options),
            merge_mode=pick(rng, "concat", "sum", "ave", "mul", None),
        )
        extras: dict[str, Any] = {"mask": pick(rng, True, False)}
        if pick(rng, True, False):
            extras["states"] = [(batch, units)] * (4 if class_name == "LSTM" else 2)
        return layer, (batch, size(rng, 8), size(rng, 5)), extras

    return build


def convolution(class_name: str, rank: int) -> Callable[[Rng], Any]:
    def build(rng: Rng) -> Any:
        from keras import layers

        kernel = tuple(size(rng, 4) for _ in range(rank))
        options: dict[str, Any] = {
            "padding": pick(rng, "same", "valid"),
            "activation": _activation(rng),
            "use_bias": pick(rng, True, False),
            "strides": size(rng, 3),
        }
        if class_name.startswith(("Depthwise", "Separable")):
            options["depth_multiplier"] = size(rng, 3)
        filters = () if class_name.startswith("Depthwise") else (size(rng, 5),)
        layer = getattr(layers, class_name)(*filters, kernel, **options)
        return layer, (size(rng, 3), *(k + size(rng, 6) for k in kernel), size(rng, 4)), {}

    return build


def merging(class_name: str, *options: dict[str, Any], most: int = 4) -> Callable[[Rng], Any]:
    def build(rng: Rng) -> Any:
        from keras import layers

        shape = (size(rng, 4), size(rng, 5), size(rng, 5))
        layer = getattr(layers, class_name)(**pick(rng, *(options or ({},))))
        return layer, [shape] * int(rng.integers(2, most + 1)), {}

    return build


def time_distributed(rng: Rng) -> Any:
    from keras import layers

    layer = layers.TimeDistributed(layers.Dense(size(rng), activation=_activation(rng)))
    return layer, (size(rng, 3), size(rng), size(rng)), {}


CASES: dict[str, Callable[[Rng], Any]] = {
    "Dense": dense,
    "Conv2D": conv2d,
    "MaxPooling2D": pooling("MaxPooling2D"),
    "AveragePooling2D": pooling("AveragePooling2D"),
    "GlobalMaxPooling2D": global_pooling("GlobalMaxPooling2D"),
    "GlobalAveragePooling2D": global_pooling("GlobalAveragePooling2D"),
    "BatchNormalization": batch_normalization,
    "Activation": elementwise("Activation", *({"activation": name} for name in ACTIVATIONS)),
    "ReLU": elementwise(
        "ReLU", {}, {"max_value": 6.0}, {"negative_slope": 0.3, "threshold": 0.7}, {"threshold": 1.0}
    ),
    "LeakyReLU": elementwise("LeakyReLU", {}, {"negative_slope": 0.1}),
    "Softmax": elementwise("Softmax", {}, {"axis": 1}, {"axis": [1, 2]}),
    "Rescaling": elementwise("Rescaling", {"scale": 1 / 255, "offset": -0.3}, {"scale": 2.0}),
    "Flatten": elementwise("Flatten", {}),
    "Dropout": elementwise("Dropout", {"rate": 0.5}),
    "Embedding": embedding,
    "SimpleRNN": recurrent("SimpleRNN"),
    "LSTM": recurrent("LSTM"),
    "Bidirectional SimpleRNN": bidirectional("SimpleRNN"),
    "GRU": recurrent("GRU"),
    "Bidirectional LSTM": bidirectional("LSTM"),
    "Bidirectional GRU": bidirectional("GRU"),
    "Conv1D": convolution("Conv1D", 1),
    "Conv3D": convolution("Conv3D", 3),
    "DepthwiseConv2D": convolution("DepthwiseConv2D", 2),
    "SeparableConv1D": convolution("SeparableConv1D", 1),
    "SeparableConv2D": convolution("SeparableConv2D", 2),
    "Add": merging("Add"),
    "Subtract": merging("Subtract", most=2),
    "Multiply": merging("Multiply"),
    "Average": merging("Average"),
    "Maximum": merging("Maximum"),
    "Minimum": merging("Minimum"),
    "Concatenate": merging("Concatenate", {"axis": -1}, {"axis": 1}),
    "Dot": merging("Dot", {"axes": 2}, {"axes": 1}, {"axes": 2, "normalize": True}, most=2),
    "UnitNormalization": elementwise("UnitNormalization", {}, {"axis": 1}, {"axis": [1, 2]}),
    "TimeDistributed": time_distributed,
}


def run_harness(names: list[str], count: int, start: int = 0) -> list[tuple[str, str, int, Agreement]]:
    """Check `count` seeds of each name; what does not agree."""
    import keras

    wrong = []
    for name in names:
        for seed in range(start, start + count):
            rng = np.random.default_rng([seed, *name.encode()])
            regime = REGIMES[seed % len(REGIMES)]
            call = draw_call(name, rng, regime)
            result = call.check()
            if not result.agrees:
                wrong.append((name, regime, seed, result))
            if seed % 100 == 99:
                keras.utils.clear_session(free_memory=False)
    return wrong
