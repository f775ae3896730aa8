"""TimeDistributed: one layer applied to every step."""

import inspect
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import InputError, UnsupportedError
from ..spec import Shape
from .base import Array, Layer, build_nested, register
from .options import Options, Weights


@register("TimeDistributed")
class TimeDistributed(Layer):
    """(batch, time, ...) -> (batch, time, ...): the inner layer sees each step as a sample of its own.

    Source: https://keras.io/api/layers/recurrent_layers/time_distributed/

    Args:
        layer: the inner layer, or a whole model; its input is (batch, ...), without the time axis.
    """

    supports_masking = True
    bound = "time_distributed"

    def __init__(self, layer: Layer, *, name: str | None = None, dtype: DTypeLike = np.float32) -> None:
        super().__init__(name=name, dtype=dtype)
        self.layer = layer
        if getattr(layer, "stateful", False):
            raise UnsupportedError(f"{self.label}: option 'layer': a stateful layer, which would remember steps")
        accepted = inspect.signature(layer.forward).parameters
        self._takes_mask = "mask" in accepted
        # Keras makes a training call for each step, with random numbers of its own; scratchnn does not.
        self.inference_only = layer.inference_only or "training" in accepted

    @property
    def whole_numbers(self) -> str:  # type: ignore[override]
        """As the inner layer has it."""
        return self.layer.whole_numbers

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "TimeDistributed":
        """Build from Keras's TimeDistributed config."""
        if len(input_shape) < 3:
            raise InputError(f"{options.layer}: expected input of rank 3 or more, got shape {tuple(input_shape)}")
        step_shape = (None, *input_shape[2:])
        return cls(
            build_nested(options, "layer", options.raw("layer"), weights, step_shape, Layer),
            name=options.raw("name", None),
        )

    def sublayers(self) -> dict[str, Layer]:
        """The inner layer."""
        return {"layer": self.layer}

    def forward(self, x: Any, *, mask: Any = None) -> Array:
        """The inner layer's output for each step.

        Args:
            x: (batch, time, ...).
            mask: (batch, time, ...); an inner layer that takes masks gets (batch, ...) of each step.

        Raises:
            InputError: a rank below 3, another batch or time size of the mask, or no elements.
        """
        x = np.asarray(x)
        self.check_shape(x.shape, min_ndim=3)
        given = {}
        if mask is not None and self._takes_mask:
            given["mask"] = np.asarray(mask)
            if given["mask"].shape[:2] != x.shape[:2]:
                raise InputError(
                    f"{self.label}: mask: expected shape {x.shape[:2]} in front, got {given['mask'].shape}"
                )
        if self.mixes_samples(x.shape):  # those of one step
            steps = [
                self.layer.forward(x[:, t], **{key: value[:, t] for key, value in given.items()})
                for t in range(x.shape[1])
            ]
            return np.stack(steps, axis=1)
        # (batch · time, ...): the steps do not see each other
        given = {key: value.reshape(-1, *value.shape[2:]) for key, value in given.items()}
        output = np.asarray(self.layer.forward(x.reshape(-1, *x.shape[2:]), **given))
        return output.reshape(*x.shape[:2], *output.shape[1:])

    def mixes_samples(self, input_shape: Shape) -> bool:
        """Whether those of one step meet in the inner layer."""
        return self.layer.mixes_samples((None, *input_shape[2:]))

    def output_shape(self, input_shape: Shape) -> Shape:
        """(batch, time, ...) with the inner layer's sizes."""
        self.check_shape(input_shape, min_ndim=3)
        inner = self.layer.output_shape((None, *input_shape[2:]))
        return (input_shape[0], input_shape[1], *inner[1:])
