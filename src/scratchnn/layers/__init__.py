"""The layers, one file each; importing this package fills the registry `LAYERS` from whatever files are here."""

from importlib import import_module
from pkgutil import iter_modules

from .base import LAYERS, Layer, build_layer, register

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["LAYERS", "Layer", "build_layer", "register"]


def __getattr__(name: str) -> type[Layer]:
    """Every registered class under its own name: `from scratchnn.layers import LeakyReLU`."""
    for layer in LAYERS.values():
        if layer.__name__ == name:
            return layer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
