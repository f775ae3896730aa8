"""The tree of groups that Keras 3 stores weights in: layers/<class>_<n>/[child/...]/vars/<i>."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..errors import ModelFileError, ScratchnnError, WeightError, raise_faults
from ..spec import LayerSpec, ModelSpec, Weight
from .content import Group

# Objects inside a layer that hold weights, in the order of Keras's `layer.weights`, and where its config has them.
CHILDREN = {
    "forward_layer": ("layer",),
    "backward_layer": ("backward_layer", "layer"),
    "cell": ("cell",),
    "layer": ("layer",),
    "cells": ("cells",),
    # The projections of MultiHeadAttention; the first versions of Keras 3 wrote their private names.
    **{f"{private}{name}_dense": () for name in ("query", "key", "value", "output") for private in ("", "_")},
}
# Objects that hold nothing which matters at inference: the state of a random generator, that of the dropout inside
# MultiHeadAttention, and the table of TextVectorization, whose tokens are an asset.
IGNORED = ("seed_generator", "_dropout_layer", "_lookup_layer")
# What TextVectorization and the lookup layers store beside their weights.
TABLE = "idf_weights"
# The one layer that holds a whole model.
WRAPPER = "TimeDistributed"
# Keras 2.12 and 2.13 called the group of the layers by the second name.
ROOTS = ("layers", "_layer_checkpoint_dependencies")
# What else a file holds, all of it of training: the optimizer's variables and those of loss and metrics.
TRAINING = {"optimizer", "metrics", "compile_metrics", "_metrics", "loss_tracker", "_loss_tracker"}


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


def tree_model(root: Group, model: ModelSpec, assets: Mapping[str, Any]) -> ModelSpec:
    """The model with the arrays of a file.

    Args:
        root: the file.
        model: without arrays.
        assets: texts by the path of their layer's group, e.g. {"layers/text_vectorization": {...}}.

    Raises:
        ModelFileError: the tree is not one of Keras.

    Arrays that no layer of the model has are in its `faults`.
    """
    unknown = [
        path for path, _ in root.all_arrays() if path.split("/")[0] not in TRAINING and not path.startswith(ROOTS)
    ]
    faults: tuple[ScratchnnError, ...] = ()
    if unknown:
        faults = (WeightError(f"{root.where}: arrays outside of the layers: {', '.join(unknown[:10])}"),)
    left = set(assets) - set(_paths(model, ""))
    if left:
        faults += (ModelFileError(f"{root.where}: vocabularies of no layer: {', '.join(sorted(left))}"),)
    filled = _Filler(assets).model(root, model, "")
    return replace(filled, faults=filled.faults + faults)


def _paths(model: ModelSpec, path: str) -> Iterator[str]:
    """The path of each layer's group."""
    groups = layer_groups(model.layers, model.class_name)
    for layer in model.layers:
        own = f"{path}layers/{groups.get(layer.name, '')}"
        yield own
        if layer.model is not None:
            yield from _paths(layer.model, _below(layer, own))


def _below(layer: LayerSpec, path: str) -> str:
    """Where the groups of a nested model begin."""
    return f"{path}/layer/" if layer.class_name == WRAPPER else f"{path}/"


def tree_weights(root: Group, layers: Sequence[LayerSpec]) -> list[tuple[Weight, ...]]:
    """The arrays of layers of a known architecture, as `tree_model` finds them.

    Raises:
        ModelFileError, WeightError: as there.
    """
    model = ModelSpec("", "Functional", tuple(layers), (), (), ())
    filled = tree_model(root, model, {})
    raise_faults(root.where, filled.faults)
    return [layer.weights for layer in filled.layers]


class _Filler:
    """One pass over the layers in the order in which Keras saved them."""

    def __init__(self, assets: Mapping[str, Any]) -> None:
        self._assets = assets
        self._shared: dict[int, LayerSpec] = {}

    def model(self, group: Group, model: ModelSpec, path: str) -> ModelSpec:
        """The model with the arrays below `group`, at `path` in the file."""
        folder = next((name for name in ROOTS if name in group.groups), None)
        if folder is None:
            found = ", ".join(group.names) or "nothing"
            raise ModelFileError(f"{group.where}: expected Keras's group 'layers', got {found}")
        layers = group.groups[folder]
        names = layer_groups(model.layers, model.class_name)
        left = [
            name
            for name, member in layers.groups.items()
            if name not in names.values() and any(_variables(member))
        ]
        faults = model.faults
        if left or layers.arrays:
            unknown = ", ".join([*left, *layers.arrays])
            faults += (WeightError(f"{layers.where}: weights for layers that the model has not: {unknown}"),)
        filled = [
            self._layer(layer, layers, names.get(layer.name, ""), f"{path}layers/") for layer in model.layers
        ]
        return replace(model, faults=faults, layers=tuple(filled))

    def _layer(self, layer: LayerSpec, layers: Group, name: str, path: str) -> LayerSpec:
        """One layer with its arrays: none if it has no group, or those of the same layer in another model."""
        known = None if layer.shared is None else self._shared.get(layer.shared)
        if known is not None and name not in layers.groups:
            return replace(layer, weights=known.weights, assets=known.assets, model=known.model)
        filled = self._own(layer, layers, name, path)
        if layer.shared is not None:
            self._shared[layer.shared] = filled
        return filled

    def _own(self, layer: LayerSpec, layers: Group, name: str, path: str) -> LayerSpec:
        own = self._assets.get(path + name, layer.assets)
        if layer.model is not None:
            group = layers.groups.get(name)
            if group is not None and layer.class_name == WRAPPER:
                group = group.groups.get("layer")
            nothing = Group(f"{layers.where}/{name}", None, {ROOTS[0]: Group("", None)})
            return replace(layer, model=self.model(group or nothing, layer.model, _below(layer, path + name)))
        if name not in layers.groups:
            return replace(layer, weights=(), assets=own)
        weights, tables = read_tree(layers.groups[name], layer.config)
        return replace(layer, weights=weights, assets={**own, **tables})


def layer_groups(layers: Sequence[LayerSpec], model_class: str = "Functional") -> dict[str, str]:
    """The group of each layer by its name; operations have none, nor has the input of a Sequential."""
    saved = [
        layer
        for layer in layers
        if not layer.class_name.startswith("ops.")
        and not (model_class == "Sequential" and layer.class_name == "InputLayer")
    ]
    groups = group_names([layer.class_name for layer in saved])
    return {layer.name: group for layer, group in zip(saved, groups, strict=True)}


def read_tree(group: Group, config: Mapping[str, Any]) -> tuple[tuple[Weight, ...], dict[str, Any]]:
    """All arrays below the group of a layer, in the order of Keras's `layer.weights`, and those that are none.

    Args:
        group: of the layer.
        config: of the layer; it gives the order of cells inside.

    Raises:
        ModelFileError: the group holds something else than Keras stores there.
    """
    tables = {}
    if "vars" in group.groups and TABLE in group.groups["vars"].arrays:
        tables[TABLE] = group.groups["vars"].arrays[TABLE].read()
    return tuple(_walk(group, config)), tables


def _walk(group: Group, config: Mapping[str, Any]) -> Iterator[Weight]:
    variables = dict(group.groups["vars"].arrays) if "vars" in group.groups else {}
    variables.pop(TABLE, None)
    if not all(re.fullmatch("[0-9]{1,9}", key) for key in variables):
        raise ModelFileError(f"{group.where}/vars: expected numbered arrays, got {', '.join(variables)}")
    for key in sorted(variables, key=int):
        yield Weight(variables[key].where, variables[key].read())
    for child, inner in _children(group, config):
        yield from _walk(child, inner)
    for path, stored in group.all_arrays():  # of objects that no layer here has: too many weights for any of them
        if path.split("/")[0] not in ("vars", *CHILDREN, *IGNORED):
            yield Weight(stored.where, stored.read())


def _children(group: Group, config: Mapping[str, Any]) -> Iterator[tuple[Group, Mapping[str, Any]]]:
    """The groups of objects inside a layer, with the config of each, in the order of `layer.weights`."""
    for name, keys in CHILDREN.items():
        if name not in group.groups:
            continue
        if name != "cells":
            entry: Any = next((config[key] for key in keys if config.get(key)), {})
            yield group.groups[name], _config(entry)
            continue
        cells = config.get("cells") or []
        names = group_names([str(_mapping(cell).get("class_name")) for cell in cells])
        if set(names) < set(group.groups[name].names):
            raise ModelFileError(f"{group.where}/cells: expected {names}, got {group.groups[name].names}")
        for cell, cell_name in zip(cells, names, strict=True):
            yield group.groups[name].group(cell_name), _config(cell)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _config(entry: Any) -> Mapping[str, Any]:
    """The config of a serialized object."""
    return _mapping(_mapping(entry).get("config"))


def _variables(group: Group) -> Iterator[str]:
    """Paths of the arrays of a group that matter at inference."""
    return (path for path, _ in group.all_arrays() if not set(path.split("/")) & set(IGNORED))
