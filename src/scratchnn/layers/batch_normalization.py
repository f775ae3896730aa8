"""BatchNormalization at inference: the moving statistics, never the batch's."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ConfigError
from ..spec import Shape
from .base import Array, Layer, register
from .options import Options, Weights


@register("BatchNormalization")
class BatchNormalization(Layer):
    """gamma · (x - moving_mean) / sqrt(moving_variance + epsilon) + beta along one axis: (...) -> (...).

    Source: https://keras.io/api/layers/normalization_layers/batch_normalization/

    Args:
        moving_mean, moving_variance: (channels,).
        gamma, beta: (channels,), or None where the layer does not scale or center.
        axis: the axis of the channels.
        epsilon: added to the variance, inside the root.
    """

    variables = ("gamma", "beta", "moving_mean", "moving_variance")
    bound = "batch_normalization"
    supports_masking = True
    inference_only = True  # training takes the statistics of the batch

    def __init__(
        self,
        moving_mean: Any,
        moving_variance: Any,
        gamma: Any = None,
        beta: Any = None,
        *,
        axis: int = -1,
        epsilon: float = 1e-3,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        zeros = np.zeros(np.shape(moving_mean)[:1], dtype)
        self.axis, self.epsilon = axis, epsilon
        self.moving_mean, self.moving_variance = self.as_weights(
            moving_mean=(moving_mean, zeros), moving_variance=(moving_variance, zeros)
        )
        self.gamma, self.beta = self.as_weights(
            gamma=(gamma, None if gamma is None else zeros), beta=(beta, None if beta is None else zeros)
        )

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "BatchNormalization":
        """Build from Keras's BatchNormalization config."""
        axis = options.raw("axis", -1)
        axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
        if isinstance(axis, bool) or not isinstance(axis, int) or not -len(input_shape) <= axis < len(input_shape):
            raise ConfigError(f"{options.layer}: option 'axis': expected an axis of {input_shape}, got {axis!r}")
        for key in ("momentum", "renorm_clipping", "renorm_momentum", "synchronized"):
            options.inert(key)  # how the moving statistics are gathered in training
        options.only("renorm", False)
        options.only("virtual_batch_size", None)
        options.only("fused", None, True, False)
        epsilon, channels = options.number("epsilon", 1e-3, minimum=0), (input_shape[axis],)
        gamma = weights.take("gamma", channels) if options.flag("scale", True) else None
        beta = weights.take("beta", channels) if options.flag("center", True) else None
        mean, variance = weights.take("moving_mean", channels), weights.take("moving_variance", channels)
        return cls(mean, variance, gamma, beta, axis=axis, epsilon=epsilon)

    def forward(self, x: Any) -> Array:
        """Normalize x with the moving statistics: (...) -> (...).

        Raises:
            InputError: another number of channels, no elements, no real numbers.
        """
        x = self.as_numbers(x, min_ndim=2)
        self.output_shape(x.shape)
        shape = [1] * x.ndim
        shape[self.axis] = -1
        mean, variance = (np.asarray(a, x.dtype).reshape(shape) for a in (self.moving_mean, self.moving_variance))
        scale = 1 / np.sqrt(variance + self.epsilon)
        if self.gamma is not None:
            scale = scale * np.asarray(self.gamma, x.dtype).reshape(shape)
        y = (x - mean) * scale
        return y if self.beta is None else y + np.asarray(self.beta, x.dtype).reshape(shape)

    def output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape."""
        self.check_axis(input_shape, self.axis, len(self.moving_mean))
        return input_shape
