"""Which layer of a nested model each array of an .h5 file belongs to.

Keras writes the arrays of a nested model in one list: all that training changes first, then all others, with
the layers in order in both parts. The names of the arrays say whose they are.
"""

import re
from collections.abc import Sequence

from ..errors import WeightError
from ..spec import LayerSpec, ModelSpec, Weight


def nested_weights(model: ModelSpec, weights: Sequence[Weight]) -> dict[str, list[Weight]]:
    """The arrays of each layer by its name, in the order of Keras's `layer.weights`.

    Raises:
        WeightError: a name that fits no layer, or several.
    """
    parts: dict[str, list[Weight]] = {}
    for weight in weights:
        owners = _owners(model, weight.name.split("/"), exact=True) or _owners(
            model, weight.name.split("/"), exact=False
        )
        if len(owners) != 1:
            found = ", ".join(owners) or "none"
            raise WeightError(
                f"model {model.name!r}: expected one layer inside it whose name is in {weight.name!r}, got {found}"
            )
        parts.setdefault(owners[0], []).append(weight)
    return parts


def _owners(model: ModelSpec, path: Sequence[str], exact: bool) -> list[str]:
    """Layers of the model that may own an array of that path.

    The outermost name that fits counts. TensorFlow 1 put a number behind a name that it had seen before, and
    Keras 1 an underscore and the name of the array; `exact` allows neither.
    """
    for place, part in enumerate(path[:-1] if exact else path):
        fitting = [layer for layer in model.layers if _fits(layer.name, part, exact)]
        if fitting:
            longest = max(len(layer.name) for layer in fitting)
            rest = path[place + 1 :]
            return [layer.name for layer in fitting if len(layer.name) == longest and _inside(layer, rest)]
    return [layer.name for layer in model.layers if layer.model is not None and _owners(layer.model, path, exact)]


def _inside(layer: LayerSpec, path: Sequence[str]) -> bool:
    """Whether the rest of the path fits, where the layer is a model."""
    return layer.model is None or bool(_owners(layer.model, path, True) or _owners(layer.model, path, False))


def _fits(name: str, part: str, exact: bool) -> bool:
    return part == name if exact else re.match(re.escape(name) + "(_|$)", part) is not None
