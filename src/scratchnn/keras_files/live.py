"""A live Keras model or layer as a spec: only its methods are called, Keras is not imported here."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..spec import LayerSpec, ModelSpec, Weight
from .config import model_spec
from .json_text import plain


def spec_from_keras(keras_model: Any) -> ModelSpec:
    """The spec of a built Keras model, from its config and its arrays.

    Raises:
        UnsupportedError, ConfigError: a kind of model that scratchnn does not read.
    """
    config = {
        "class_name": type(keras_model).__name__,
        "config": plain(keras_model.get_config()),
        "build_config": {"input_shape": plain(keras_model.input_shape)},
    }
    return _filled(model_spec(config, "3"), keras_model)


def _filled(model: ModelSpec, keras_model: Any) -> ModelSpec:
    """The model with the arrays of a live model of the same architecture."""
    live = {layer.name: layer for layer in keras_model.layers}
    return replace(model, layers=tuple(_with(layer, live.get(layer.name)) for layer in model.layers))


def _with(layer: LayerSpec, keras_layer: Any) -> LayerSpec:
    if keras_layer is None:  # an operation, or the input of a Sequential
        return layer
    if layer.model is not None:
        inner = keras_layer.layer if layer.class_name == "TimeDistributed" else keras_layer
        return replace(layer, model=_filled(layer.model, inner), shared=id(keras_layer))
    return replace(layer, weights=_weights(keras_layer), assets=_assets(keras_layer), shared=id(keras_layer))


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
    """What Keras saves beside the weights of a lookup layer, or under a name of its own among them."""
    if not hasattr(keras_layer, "get_vocabulary"):
        return {}
    lookup = getattr(keras_layer, "_lookup_layer", keras_layer)
    idf_weights = getattr(lookup, "idf_weights_const", None)
    assets = {"vocabulary": keras_layer.get_vocabulary()}
    return assets if idf_weights is None else {**assets, "idf_weights": np.asarray(idf_weights)}
