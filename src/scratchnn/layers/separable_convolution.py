"""What the separable convolutions share: a depthwise convolution, then a pointwise one."""

from typing import Any, ClassVar

import numpy as np

from .. import activations
from ..errors import WeightError
from ..spec import Shape
from .base import Array
from .convolution import from_channels_last, to_channels_last
from .depthwise_convolution import DepthwiseConvolution, depthwise
from .options import Options, Weights


class SeparableConvolution(DepthwiseConvolution):
    """activation(bias + (each channel ∗ its own filters) · pointwise kernel) over `rank` spatial axes.

    Attributes:
        weights: the depthwise kernel (*kernel_size, channels, depth_multiplier).
        pointwise_weights: the pointwise kernel (1, ..., channels · depth_multiplier, filters).
        biases: the bias (filters,), or None.
    """

    rank: ClassVar[int]
    variables = ("weights", "pointwise_weights", "biases")
    bound = "separable"

    def __init__(
        self,
        weights: Any,
        pointwise_weights: Any,
        biases: Any,
        activation: str | activations.Activation | None = None,
        padding: str = "valid",
        **options: Any,
    ) -> None:
        self.pointwise_weights = np.asarray(pointwise_weights)
        super().__init__(weights, biases, activation, padding, **options)

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "SeparableConvolution":
        """Build from Keras's config of a separable convolution."""
        kernel_size, multiplier = options.sizes("kernel_size", cls.rank), options.integer("depth_multiplier", 1)
        channels = input_shape[1 if options.data_format() == "channels_first" else -1]
        kernel = weights.take("depthwise_kernel", (*kernel_size, channels, multiplier))
        filters, inner = options.integer("filters"), kernel.shape[-2] * multiplier
        pointwise = weights.take("pointwise_kernel", (*[1] * cls.rank, inner, filters))
        bias = weights.take("bias", (filters,)) if options.flag("use_bias", True) else None
        return cls(kernel, pointwise, bias, **cls.take_options(options))

    def set_weights(self, weights: Any, *rest: Any) -> None:
        """Set the depthwise kernel, optionally the pointwise kernel, and the bias or None.

        Raises:
            WeightError: ranks or sizes that do not fit each other.
        """
        kernel, bias = np.asarray(weights), rest[-1] if rest else None
        pointwise = np.asarray(rest[0] if len(rest) > 1 else self.pointwise_weights)
        ones = (1,) * self.rank
        if kernel.ndim != self.rank + 2 or pointwise.shape[:-1] != (*ones, kernel.shape[-1] * kernel.shape[-2]):
            raise WeightError(
                f"{self.label}: weight 'pointwise_kernel': expected shape {ones} with the channels times the "
                f"multiplier of the depthwise kernel {kernel.shape} and the filters behind, got {pointwise.shape}"
            )
        self.weights, self.pointwise_weights = self.as_weights(
            depthwise_kernel=(kernel, kernel), pointwise_kernel=(pointwise, pointwise)
        )
        zeros = None if bias is None else np.zeros(self.filters, self.dtype)
        (self.biases,) = self.as_weights(bias=(bias, zeros))

    @property
    def filters(self) -> int:
        """Channels of the output."""
        return int(self.pointwise_weights.shape[-1])

    def depthwise(self, x: Array) -> Array:
        """The first convolution: x in the layer's data format -> (batch, *out, channels · multiplier)."""
        kernel = np.asarray(self.weights, x.dtype)
        return depthwise(to_channels_last(x, self.data_format), kernel, self.geometry, self.padding)

    def pointwise(self, x: Array) -> Array:
        """The second convolution and the bias: (batch, *out, channels · multiplier) -> the data format."""
        kernel = np.asarray(self.pointwise_weights, x.dtype)
        z = x @ kernel[(0,) * self.rank]
        if self.biases is not None:
            z = z + np.asarray(self.biases, x.dtype)
        return from_channels_last(z, self.data_format)

    def linear(self, x: Array) -> Array:
        """Both convolutions and the bias, before the activation, in the layer's data format."""
        return self.pointwise(self.depthwise(x))
