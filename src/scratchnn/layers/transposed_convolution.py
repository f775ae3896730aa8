"""What the transposed convolutions share: each input element adds a scaled kernel to the output."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from ..errors import ConfigError
from ..spec import Shape
from ..windows import axis_padding, effective_size, output_size
from .base import Array
from .convolution import Convolution, from_channels_last, to_channels_last
from .options import Options, Weights


class TransposedConvolution(Convolution):
    """activation(bias + the transpose of a convolution): the linear map that the gradient of one is.

    Attributes:
        weights: the kernel (*kernel_size, filters, channels).
        biases: the bias (filters,), or None.
        output_padding: positions added to the output along each axis, or None.
    """

    filter_axis = -2

    def __init__(self, *args: Any, output_padding: int | Sequence[int] | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        given = output_padding
        self.output_padding = (given,) * self.rank if isinstance(given, int) else given and tuple(given)
        # The convolution that this goes against must give back the size of the input.
        # Each element more makes the output longer by one stride: what holds for one holds for all.
        out = self._sizes((1,) * self.rank)
        geometry = zip(out, self.kernel_size, self.strides, self.dilation_rate, strict=True)
        if any(output_size(n or 0, k, s, d, self.padding) != 1 for n, k, s, d in geometry):
            raise ConfigError(
                f"{self.label}: output_padding {self.output_padding}: expected less than the strides "
                f"{self.strides}, and an output of at least one element"
            )

    @classmethod
    def take_weights(cls, options: Options, weights: Weights, input_shape: Shape) -> tuple[Array, Array | None]:
        """Kernel and bias, checked against the config and the channels of the input."""
        filters, kernel_size = options.integer("filters"), options.sizes("kernel_size", cls.rank)
        channels = input_shape[1 if options.data_format() == "channels_first" else -1]
        kernel = weights.take("kernel", (*kernel_size, filters, channels))
        return kernel, weights.take("bias", (filters,)) if options.flag("use_bias", True) else None

    @classmethod
    def take_options(cls, options: Options) -> dict[str, Any]:
        """The keyword arguments of the constructor."""
        options.only("groups", 1)  # Keras 2 wrote it down
        padding = options.raw("output_padding", None)
        given = None if padding is None else options.sizes("output_padding", cls.rank, minimum=0)
        return {**super().take_options(options), "output_padding": given}

    def _sizes(self, spatial: Shape) -> Shape:
        """Sizes of the output along the spatial axes."""
        sizes: list[int | None] = []
        for axis, size in enumerate(spatial):
            kernel, stride = self.kernel_size[axis], self.strides[axis]
            reach = effective_size(kernel, self.dilation_rate[axis])
            extra = None if self.output_padding is None else self.output_padding[axis]
            if size is None:
                sizes.append(None)
            elif self.padding == "valid":
                sizes.append((size - 1) * stride + reach + (max(stride - reach, 0) if extra is None else extra))
            else:
                sizes.append(size * stride if extra is None else (size - 1) * stride + reach % 2 + extra)
        return tuple(sizes)

    def linear(self, x: Array) -> Array:
        """The transposed convolution and the bias, before the activation, in the layer's data format."""
        kernel = np.asarray(self.weights, x.dtype)
        x = to_channels_last(x, self.data_format)
        spatial = x.shape[1:-1]
        sizes = [size or 0 for size in self._sizes(spatial)]
        geometry = list(zip(sizes, self.kernel_size, self.strides, self.dilation_rate, strict=True))
        before = [axis_padding(*axis, self.padding)[0] for axis in geometry]
        # Every kernel has room in `whole`; the padding is cut off it at the end.
        reach = [(n - 1) * s + effective_size(k, d) for n, (_, k, s, d) in zip(spatial, geometry, strict=True)]
        room = [max(size + first, last) for size, first, last in zip(sizes, before, reach, strict=True)]
        whole = np.zeros((len(x), *room, self.filters), x.dtype)
        for tap in product(*map(range, self.kernel_size)):
            starts = [t * d for t, (_, _, _, d) in zip(tap, geometry, strict=True)]
            places = [
                slice(start, start + (n - 1) * s + 1, s)
                for start, n, (_, _, s, _) in zip(starts, spatial, geometry, strict=True)
            ]
            whole[(slice(None), *places)] += x @ kernel[tap].T  # (batch, *spatial, filters)
        inside = [slice(first, first + size) for first, size in zip(before, sizes, strict=True)]
        z = whole[(slice(None), *inside)]
        if self.biases is not None:
            z = z + np.asarray(self.biases, x.dtype)
        return from_channels_last(z, self.data_format)

    def output_shape(self, input_shape: Shape) -> Shape:
        """(batch, *spatial, channels) -> (batch, *out, filters), or with the channels second."""
        self.check_channels(input_shape)
        first = self.data_format == "channels_first"
        out = self._sizes(input_shape[2:] if first else input_shape[1:-1])
        return (input_shape[0], self.filters, *out) if first else (input_shape[0], *out, self.filters)
