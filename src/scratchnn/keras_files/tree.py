"""The tree of groups that Keras 3 stores weights in: layers/<class>_<n>/[child/...]/vars/<i>."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import h5py
import numpy as np

from ..errors import ModelFileError, WeightError
from ..spec import Weight

# Objects inside a layer that hold weights, in the order of Keras's `layer.weights`.
CHILDREN = ("forward_layer", "backward_layer", "cell")
# Objects that hold nothing which matters at inference: the state of a random generator, and the table of
# TextVectorization, whose tokens are an asset.
IGNORED = ("seed_generator", "_lookup_layer")


def group_names(class_names: Sequence[str]) -> list[str]:
    """The group of each layer: its class in snake case, numbered from the second of a class on."""
    seen: Counter[str] = Counter()
    names = []
    for class_name in class_names:
        name = snake_case(class_name)
        names.append(f"{name}_{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return names


def snake_case(class_name: str) -> str:
    """Keras's way to write a class in snake case: Conv2D -> conv2d, LeakyReLU -> leaky_re_lu."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", class_name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def read_tree(group: Any, where: str) -> tuple[Weight, ...]:
    """All arrays below the group of a layer, in the order of Keras's `layer.weights`.

    Raises:
        ModelFileError: the group holds something else than Keras stores there.
    """
    return tuple(_walk(group, where))


def _walk(group: Any, where: str) -> Iterator[Weight]:
    if not isinstance(group, h5py.Group):
        raise ModelFileError(f"{where}: expected a group, got {type(group).__name__}")
    unknown = sorted(set(group) - {"vars", *CHILDREN, *IGNORED})
    if unknown:
        raise ModelFileError(f"{where}: expected vars, {', '.join(CHILDREN)}, got {', '.join(unknown)}")
    variables = group.get("vars", {})
    if not all(key.isdecimal() for key in variables):
        raise ModelFileError(f"{where}/vars: expected numbered arrays, got {', '.join(variables)}")
    for key in sorted(variables, key=int):
        yield Weight(f"{where}/vars/{key}", read_array(variables[key], f"{where}/vars/{key}"))
    for child in CHILDREN:
        if child in group:
            yield from _walk(group[child], f"{where}/{child}")


def read_array(dataset: Any, where: str) -> np.ndarray[Any, Any]:
    """The numbers of a dataset.

    Raises:
        ModelFileError: it is no dataset of numbers that lie in this file.
    """
    if not isinstance(dataset, h5py.Dataset) or dataset.dtype.kind not in "fiub":
        kind = dataset.dtype if isinstance(dataset, h5py.Dataset) else type(dataset).__name__
        raise ModelFileError(f"{where}: expected an array of numbers, got {kind}")
    if dataset.external:
        raise ModelFileError(f"{where}: expected numbers in the file itself, got external storage")
    return np.asarray(dataset[()])


def tree_weights(root: Any, class_names: Sequence[str], where: str) -> list[tuple[Weight, ...]]:
    """The arrays of each layer of a model, none for a layer that has no group.

    Raises:
        ModelFileError: the tree is not one of Keras.
        WeightError: there are groups with arrays that no layer of the model has.
    """
    layers = root.get("layers")
    if not isinstance(layers, h5py.Group):
        raise ModelFileError(f"{where}: expected Keras's group 'layers', got {', '.join(root) or 'nothing'}")
    names = group_names(class_names)
    left = [name for name in layers if name not in names and read_tree(layers[name], f"{where}:layers/{name}")]
    if left:
        raise WeightError(f"{where}: weights for layers that the model has not: {', '.join(left)}")
    return [read_tree(layers[name], f"{where}:layers/{name}") if name in layers else () for name in names]
