"""Image augmentation of Keras; at inference each of these layers is the identity."""

from ..spec import Shape
from .base import register
from .inference_identity import InferenceIdentity
from .options import Options, Weights

# What is done to images in training, and where random numbers come from.
TRAINING_KEYS = (
    *("factor", "height_factor", "width_factor", "mode", "value_range"),
    *("fill_mode", "fill_value", "interpolation", "data_format", "seed", "rng_type"),
)


@register("RandomBrightness", "RandomContrast", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom")
class ImageAugmentation(InferenceIdentity):
    """A layer that changes images in training only: (batch, height, width, channels) -> the same.

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/
    """

    supports_masking = False
    whole_numbers = "cast"
    inference_only = True

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "ImageAugmentation":
        """Build from the config of any of these; what it says concerns training alone."""
        for key in TRAINING_KEYS:
            options.inert(key)
        return cls()
