"""Configs of Keras 1 and 2 in the words of Keras 3: the one place that knows what things used to be called.

Meanings that changed, and not only names, follow the version that wrote the file: `LayerSpec.keras_version`.
Sources: the docstrings and `keras/legacy/interfaces.py` of Keras 2.2, https://github.com/keras-team/keras
"""

from collections.abc import Mapping
from typing import Any

from ..errors import UnsupportedError

Config = dict[str, Any]

CLASSES = {
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "CuDNNGRU": "GRU",
    "CuDNNLSTM": "LSTM",
    "Deconvolution2D": "Conv2DTranspose",
    "Model": "Functional",
    "SeparableConvolution2D": "SeparableConv2D",
    "TimeDistributedDense": "Dense",
    "UnifiedGRU": "GRU",
    "UnifiedLSTM": "LSTM",
}
MERGES = {
    "sum": "Add",
    "mul": "Multiply",
    "ave": "Average",
    "max": "Maximum",
    "concat": "Concatenate",
    "dot": "Dot",
    "cos": "Dot",
}

# Keras 1's names. Several old names of one new name never stand in the same config.
RENAMED = {
    "atrous_rate": "dilation_rate",
    "bias": "use_bias",
    "border_mode": "padding",
    "dim_ordering": "data_format",
    "dropout_U": "recurrent_dropout",
    "dropout_W": "dropout",
    "filter_length": "kernel_size",
    "inner_activation": "recurrent_activation",
    "length": "size",
    "nb_filter": "filters",
    "p": "rate",
    "pool_length": "pool_size",
    "sigma": "stddev",
    "stride": "strides",
    "subsample": "strides",
    "subsample_length": "strides",
}
DATA_FORMATS = {"tf": "channels_last", "th": "channels_first", "default": None}
# Keras 1's options that say how weights are first drawn, how Keras loops, or what the input looks like, which
# the file also says elsewhere.
DROPPED = {
    "beta_init",
    "cache_enabled",
    "consume_less",
    "create_input_layer",
    "forget_bias_init",
    "gamma_init",
    "init",
    "inner_init",
    "input_dtype",
    "input_shape",
    "weights",
}
RECURRENT = {"SimpleRNN", "LSTM", "GRU", "RNN", "ConvLSTM2D"}
INNER = ("layer", "backward_layer", "cell", "activation", "recurrent_activation")


def modern_layer(class_name: str, config: Mapping[str, Any], version: int) -> tuple[str, Config]:
    """Class and config in Keras 3's words.

    Args:
        class_name: as the file has it.
        config: as the file has it.
        version: the major version of the Keras that wrote it.

    Raises:
        UnsupportedError: an option that Keras 3 has no word for.
    """
    config = dict(config)
    if version >= 3:
        return class_name, config
    config.pop("batch_input_shape", None) if class_name != "InputLayer" else _input(config)
    if version == 1:
        class_name, config = _from_keras_1(class_name, config)
    new_class = CLASSES.get(class_name, class_name)
    if class_name.startswith("CuDNN"):
        config |= {"activation": "tanh", "recurrent_activation": "sigmoid"}
    if new_class == "GRU":
        config["reset_after"] = class_name == "CuDNNGRU" or config.get("reset_after", False)
    if new_class == "LeakyReLU" and "alpha" in config:
        config["negative_slope"] = config.pop("alpha")
    if new_class.endswith("Cell"):
        config.pop("implementation", None)  # one matrix product or one for each gate
    for key in INNER:
        if isinstance(config.get(key), Mapping):
            config[key] = _inner(config[key], version)
    if isinstance(config.get("cells"), list):
        config["cells"] = [_inner(cell, version) for cell in config["cells"]]
    return new_class, config


def _inner(entry: Any, version: int) -> Any:
    """A serialized layer inside another, if it is one."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("config"), Mapping):
        return entry
    class_name, config = modern_layer(str(entry.get("class_name")), entry["config"], version)
    return {**entry, "class_name": class_name, "config": config}


def _input(config: Config) -> None:
    """InputLayer: its shape was called batch_input_shape."""
    if "batch_input_shape" in config:
        config.setdefault("batch_shape", config.pop("batch_input_shape"))


def _from_keras_1(class_name: str, config: Config) -> tuple[str, Config]:
    """Keras 2's words for Keras 1's."""
    if class_name == "Merge":
        return _merge(config)
    config = {RENAMED.get(key, key): value for key, value in config.items() if key not in DROPPED}
    if "data_format" in config:
        config["data_format"] = DATA_FORMATS.get(config["data_format"], config["data_format"])
    if "nb_row" in config:
        config["kernel_size"] = [config.pop("nb_row"), config.pop("nb_col", None)]
    if class_name == "Embedding":
        config.pop("dropout", None)  # of whole rows, in training
    elif "output_dim" in config:
        config["units"] = config.pop("output_dim")
    if class_name in ("Dense", "TimeDistributedDense", "Convolution1D", "AtrousConvolution1D"):
        config.pop("input_dim", None)
        config.pop("input_length", None)
    if class_name == "BatchNormalization" and config.pop("mode", 0) != 0:
        name = config.get("name")
        raise UnsupportedError(f"BatchNormalization {name!r}: option 'mode': expected 0 (Keras 3 has no other)")
    if class_name == "ZeroPadding2D" and len(config.get("padding") or ()) == 4:
        top, bottom, left, right = config["padding"]
        config["padding"] = [[top, bottom], [left, right]]
    return class_name, config


def _merge(config: Config) -> tuple[str, Config]:
    """Keras 1's Merge, which became one class for each mode."""
    mode, label = config.get("mode"), f"Merge {config.get('name')!r}"
    if mode not in MERGES or config.get("layers"):
        raise UnsupportedError(
            f"{label}: option 'mode': expected one of {', '.join(MERGES)}, and inputs from the graph, got {mode!r}"
        )
    common: Config = {"name": config.get("name")}
    if mode == "concat":
        common["axis"] = config.get("concat_axis", -1)
    if mode in ("dot", "cos"):
        common |= {"axes": config.get("dot_axes", -1), "normalize": mode == "cos"}
    return MERGES[mode], common
