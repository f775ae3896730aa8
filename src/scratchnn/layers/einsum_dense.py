"""EinsumDense: a product with a kernel along axes that an equation names."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .. import activations
from ..errors import ConfigError, InputError
from ..spec import Shape
from .base import Array, Layer, register
from .options import Options, Weights

EQUATION = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


@register("EinsumDense")
class EinsumDense(Layer):
    """activation(einsum(equation, x, kernel) + bias), e.g. "abc,cd->abd" or "...x,xy->...y".

    Source: https://keras.io/api/layers/core_layers/einsum_dense/

    Args:
        equation: the axes of input, kernel and output by letters; three dots stand for axes in front or behind.
        kernel: its axes as the equation has them.
        bias: what is added, in the shape of the last axes of the output; None adds nothing.
        activation: a Keras activation by name, a function, or None.
    """

    variables = ("kernel", "bias")
    bound = "dot"

    def __init__(
        self,
        equation: str,
        kernel: Any,
        bias: Any = None,
        activation: str | activations.Activation | None = None,
        *,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.equation, self.kernel = equation, np.asarray(kernel)
        self.bias = None if bias is None else np.asarray(bias)
        self.activation = activation
        self.activate = activations.get(activation)

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "EinsumDense":
        """Build from Keras's EinsumDense config; the kernel's sizes follow from those of input and output."""
        for key in ("lora_rank", "lora_alpha", "quantization_config", "gptq_unpacked_column_size"):
            options.only(key, None)
        equation = options.raw("equation")
        match = EQUATION.fullmatch(equation) if isinstance(equation, str) else None
        if match is None or (match[1], match[3]) != (match[5], match[7]) or (match[1] and match[3]):
            raise ConfigError(
                f"{options.layer}: option 'equation': expected one like 'ab,bc->ac', got {equation!r}"
            )
        front, given, behind, ours, _, out, _ = match.groups()
        sizes = dict(zip(out if front else out[1:], _sizes(options, len(out) - (not front)), strict=True))
        known = input_shape[len(input_shape) - len(given) :] if front else input_shape[: len(given)]
        sizes = {**dict(zip(given, known, strict=False)), **sizes}
        kernel = weights.take("kernel", [sizes.get(letter) for letter in ours])
        sizes |= dict(zip(ours, kernel.shape, strict=True))
        axes = options.raw("bias_axes", None)
        if axes is not None and not (isinstance(axes, str) and axes and set(axes) <= set(out)):
            raise ConfigError(f"{options.layer}: option 'bias_axes': expected axes of the output, got {axes!r}")
        bias = None
        if axes is not None:
            last = out[min(map(out.index, axes)) :]
            elided = len(input_shape) - len(given) if behind else 0
            shape = [sizes[letter] if letter in axes else 1 for letter in last]
            bias = weights.take("bias", [*shape, *[1] * elided])
        layer = cls(equation, kernel, bias, options.activation("activation", None))
        layer.output_shape(input_shape)
        return layer

    def linear(self, x: Array) -> Array:
        """einsum(equation, x, kernel) + bias, before the activation."""
        z: Array = np.einsum(self.equation, x, np.asarray(self.kernel, x.dtype), optimize=True)
        return z if self.bias is None else z + np.asarray(self.bias, x.dtype)

    def forward(self, x: Any) -> Array:
        """activation(einsum(equation, x, kernel) + bias).

        Raises:
            InputError: another rank or other sizes than the kernel's, no elements, no real numbers.
        """
        x = self.as_numbers(x)
        self.output_shape(x.shape)
        return self.activate(self.linear(x))

    def output_shape(self, input_shape: Shape) -> Shape:
        """The sizes by the letters of the output.

        Raises:
            InputError: another rank, or other sizes than the kernel's.
        """
        match = EQUATION.fullmatch(self.equation)
        assert match is not None  # as it was when the layer was built
        front, given, behind, ours, _, out, _ = match.groups()
        rest = len(input_shape) - len(given)
        known = dict(zip(given, input_shape[rest:] if front else input_shape[: len(given)], strict=False))
        kernel = dict(zip(ours, self.kernel.shape, strict=True))
        wrong = any(known.get(letter, size) not in (size, None) for letter, size in kernel.items())
        if rest < 0 or (rest and not front and not behind) or wrong:
            raise InputError(
                f"{self.label}: expected input that fits {self.equation!r} with a kernel of shape "
                f"{self.kernel.shape}, got shape {tuple(input_shape)}"
            )
        sizes = tuple((known | kernel)[letter] for letter in out)
        return (*input_shape[:rest], *sizes) if front else (*sizes, *input_shape[len(given) :])


def _sizes(options: Options, count: int) -> Sequence[int | None]:
    """The option 'output_shape': a size for each letter of the output, the batch axis apart."""
    value = options.raw("output_shape")
    sizes = [value] if isinstance(value, int) else list(value) if isinstance(value, list | tuple) else []
    if len(sizes) != count or not all(n is None or (type(n) is int and n > 0) for n in sizes):
        raise ConfigError(
            f"{options.layer}: option 'output_shape': expected {count} sizes or nulls, got {value!r}"
        )
    return sizes
