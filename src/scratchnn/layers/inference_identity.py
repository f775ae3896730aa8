"""Dropout variants of Keras; at inference each of them is the identity."""

from ..spec import Shape
from .base import Array, register
from .elementwise import Elementwise
from .options import Options, Weights


@register(
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "AlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
    "ActivityRegularization",
    "Identity",
)
class InferenceIdentity(Elementwise):
    """A layer that changes its input in training only: (...) -> the same."""

    bound = "exact"
    whole_numbers = "keep"

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "InferenceIdentity":
        """Build from the config of any of these; what it says concerns training alone."""
        for key in ("rate", "noise_shape", "stddev", "data_format", "l1", "l2"):
            options.inert(key)
        layer = cls()
        layer.inference_only = not options.layer.startswith(("Identity", "ActivityRegularization"))
        return layer

    def apply(self, x: Array) -> Array:
        """x."""
        return x
