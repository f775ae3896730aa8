"""A live Keras model or layer as a spec: only its methods are called, Keras is not imported here."""

from typing import Any

import numpy as np

from ..spec import LayerSpec, ModelSpec, Weight
from .config import Stored, model_spec


def spec_from_keras(keras_model: Any) -> ModelSpec:
    """The spec of a built Keras model, from its config and its arrays.

    Raises:
        UnsupportedError, ConfigError: a kind of model that scratchnn does not read.
    """
    by_name = {layer.name: layer for layer in keras_model.layers}

    def stored(layers: list[tuple[str, str]]) -> list[Stored]:
        return [
            (_weights(by_name[name]), _assets(by_name[name])) if name in by_name else ((), {})
            for _, name in layers
        ]

    config = {
        "class_name": type(keras_model).__name__,
        "config": keras_model.get_config(),
        "build_config": {"input_shape": keras_model.input_shape},
    }
    return model_spec(config, "3", stored)


def layer_spec_from_keras(keras_layer: Any) -> LayerSpec:
    """The spec of one built Keras layer."""
    return LayerSpec(
        type(keras_layer).__name__,
        keras_layer.name,
        keras_layer.get_config(),
        _weights(keras_layer),
        _assets(keras_layer),
    )


def _weights(keras_layer: Any) -> tuple[Weight, ...]:
    return tuple(
        Weight(variable.path, np.asarray(value))
        for variable, value in zip(keras_layer.weights, keras_layer.get_weights(), strict=True)
    )


def _assets(keras_layer: Any) -> dict[str, Any]:
    return {"vocabulary": keras_layer.get_vocabulary()} if hasattr(keras_layer, "get_vocabulary") else {}
