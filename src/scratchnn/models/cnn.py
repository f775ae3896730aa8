"""The report's CNN: built from a live Keras model."""

from typing import Any

from ..keras_files import spec_from_keras
from ..layers import Layer
from ..layers.base import Array
from .graph import Model


class CNNFromScratch:
    """A model with the configuration and the weights of a Keras model.

    Args:
        keras_model: a built Keras model (Sequential); only its configuration and weights are read.

    Attributes:
        layers: the layers, in order.
    """

    def __init__(self, keras_model: Any) -> None:
        self.load_weights_from_keras(keras_model)

    def load_weights_from_keras(self, keras_model: Any) -> None:
        """Build the layers of a Keras model and take its weights.

        Raises:
            UnsupportedError, ConfigError, WeightError: something that scratchnn does not run.
        """
        self._model = Model(spec_from_keras(keras_model))

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order."""
        return self._model.layers

    def predict(self, x: Any) -> Array:
        """Class probabilities: (batch, height, width, channels) -> (batch, classes).

        Raises:
            InputError: input of another shape.
        """
        probabilities: Array = self._model.predict(x)
        return probabilities
