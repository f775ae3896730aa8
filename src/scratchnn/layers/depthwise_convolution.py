"""What the depthwise convolutions share, and the part of it that the separable ones begin with."""

from typing import Any, ClassVar

import numpy as np

from ..errors import WeightError
from ..spec import Shape
from ..windows import Sizes, pad, taps
from .base import Array
from .convolution import Convolution, from_channels_last, to_channels_last
from .options import Options, Weights

Geometry = tuple[Sizes, Sizes, Sizes]


def depthwise(x: Array, kernel: Array, geometry: Geometry, padding: str) -> Array:
    """Each channel of a channels-last x with filters of its own.

    Args:
        x: (batch, *spatial, channels).
        kernel: (*kernel_size, channels, multiplier).
        geometry: kernel size, strides and dilation.
        padding: 'valid' or 'same'.

    Returns:
        (batch, *out, channels · multiplier), the results of one channel next to each other.
    """
    seen = taps(pad(x, *geometry, padding), *geometry)  # a view (batch, *out, channels) for each tap
    filters = kernel.reshape(-1, *kernel.shape[-2:])  # (taps, channels, multiplier)
    z = sum(inputs[..., None] * one for inputs, one in zip(seen, filters, strict=True))
    return np.reshape(z, (*np.shape(z)[:-2], -1))


class DepthwiseConvolution(Convolution):
    """activation(bias + each channel ∗ its own filters) over `rank` spatial axes.

    Attributes:
        weights: the kernel (*kernel_size, channels, depth_multiplier).
        biases: the bias (channels · depth_multiplier,), or None.
    """

    rank: ClassVar[int]

    @classmethod
    def take_weights(cls, options: Options, weights: Weights, input_shape: Shape) -> tuple[Array, Array | None]:
        """Kernel and bias, checked against the config and the channels of the input."""
        kernel_size, multiplier = options.sizes("kernel_size", cls.rank), options.integer("depth_multiplier", 1)
        channels = input_shape[1 if options.data_format() == "channels_first" else -1]
        kernel = weights.take("depthwise_kernel", (*kernel_size, channels, multiplier))
        filters = kernel.shape[-2] * multiplier
        return kernel, weights.take("bias", (filters,)) if options.flag("use_bias", True) else None

    @classmethod
    def take_options(cls, options: Options) -> dict[str, Any]:
        """The keyword arguments of the constructor."""
        options.only("groups", 1)  # Keras 2 wrote it down
        return super().take_options(options)

    def set_weights(self, weights: Any, biases: Any = None) -> None:
        """Set the kernel (*kernel_size, channels, depth_multiplier) and the bias or None.

        Raises:
            WeightError: another rank, or a bias of another size.
        """
        kernel = np.asarray(weights)
        if kernel.ndim != self.rank + 2:
            raise WeightError(
                f"{self.label}: weight 'depthwise_kernel': expected rank {self.rank + 2}, got shape {kernel.shape}"
            )
        (self.weights,) = self.as_weights(depthwise_kernel=(kernel, kernel))
        zeros = None if biases is None else np.zeros(self.filters, self.dtype)
        (self.biases,) = self.as_weights(bias=(biases, zeros))

    @property
    def filters(self) -> int:
        """Channels of the output."""
        return int(self.weights.shape[-1] * self.weights.shape[-2])

    @property
    def geometry(self) -> Geometry:
        """Kernel size, strides and dilation, as `scratchnn.windows` takes them."""
        return self.kernel_size, self.strides, self.dilation_rate

    def linear(self, x: Array) -> Array:
        """The convolution and the bias, before the activation, in the layer's data format."""
        kernel = np.asarray(self.weights, x.dtype)
        z = depthwise(to_channels_last(x, self.data_format), kernel, self.geometry, self.padding)
        if self.biases is not None:
            z = z + np.asarray(self.biases, x.dtype)
        return from_channels_last(z, self.data_format)
