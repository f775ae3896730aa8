"""HDF5 files of Keras: the .h5 with config and weights, and weights alone in both layouts."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import ModelFileError, WeightError
from ..spec import LayerSpec, ModelSpec, Weight
from .config import major, model_spec
from .content import Group, open_hdf5
from .json_text import parse_json
from .legacy_weights import modern_weights
from .nested import nested_weights
from .tree import TRAINING, tree_model, tree_weights

# Groups of a full file: the layers, the optimizer's variables (training only), and the variables of a model that
# no layer has, which must be empty.
LAYERS, OPTIMIZER, TOP = "model_weights", "optimizer_weights", "top_level_model_weights"
CONFIG = "model_config"


def read_model(path: Path) -> ModelSpec:
    """The model of a full .h5 file.

    Raises:
        ModelFileError: damaged, or weights without a config.
        UnsupportedError, ConfigError, WeightError: what it says is not what scratchnn reads.
    """
    with open_hdf5(path, str(path)) as root:
        if CONFIG not in root:
            raise ModelFileError(
                f"{path}: expected a model with its config (attribute {CONFIG}), got weights alone; "
                "load them into a model with Model.load_weights"
            )
        config = parse_json(root.text(CONFIG), f"{path}: {CONFIG}")
        version = root.text("keras_version") if "keras_version" in root else "1"
        model = model_spec(config, version)
        unknown = [name for name, _ in root.all_arrays() if name.split("/")[0] not in (LAYERS, OPTIMIZER)]
        if unknown:
            fault = WeightError(f"{path}: arrays that scratchnn does not know: {', '.join(unknown[:10])}")
            model = replace(model, faults=(*model.faults, fault))
        backend = root.text("backend") if "backend" in root else None
        return _filled(model, named_weights(root.group(LAYERS)), str(path), major(version), backend)


def _filled(
    model: ModelSpec, saved: dict[str, tuple[Weight, ...]], where: str, version: int, backend: str | None
) -> ModelSpec:
    """The model with the arrays of each of its layers by name."""
    known = {layer.name for layer in model.layers}
    unknown = [name for name, arrays in saved.items() if arrays and name not in known]
    faults = model.faults
    if unknown:
        text = f"{where}: weights for layers that the model has not: {', '.join(unknown)}"
        faults += (WeightError(text),)
    layers = (_with(layer, saved.get(layer.name, ()), version, backend) for layer in model.layers)
    return replace(model, layers=tuple(layers), faults=faults)


def _with(layer: LayerSpec, weights: Sequence[Weight], version: int, backend: str | None) -> LayerSpec:
    """The layer with its arrays, each inner layer with its own where the layer is a model."""
    if layer.model is None:
        weights = modern_weights(layer.class_name, layer.config, weights, version, backend)
        return replace(layer, weights=tuple(weights))
    parts = nested_weights(layer.model, weights)
    layers = tuple(_with(inner, parts.get(inner.name, ()), version, backend) for inner in layer.model.layers)
    return replace(layer, model=replace(layer.model, layers=layers))


def read_weights(path: Path, model: ModelSpec) -> ModelSpec:
    """The model with the arrays of a weights file of any generation, or of a full .h5 file.

    Keras 3's .weights.h5 names groups by class; the older layout lists layers in their order.

    Raises:
        ModelFileError: damaged, or without weights.
        WeightError: weights for other layers than the model has.
    """
    with open_hdf5(path, str(path)) as root:
        if _is_tree(root):
            return tree_model(root, model, {})
        saved, version, backend = _ordered(root)
        weighted = [layer for layer in model.layers if _count(layer)]
        _check_number(path, [layer.class_name for layer in weighted], len(saved))
        by_name = {layer.name: weights for layer, weights in zip(weighted, saved, strict=True)}
        return _filled(model, by_name, str(path), version, backend)


def read_layer_weights(path: Path, layers: Sequence[LayerSpec]) -> list[tuple[Weight, ...]]:
    """The arrays for layers of a known architecture, each of which has some.

    Raises:
        ModelFileError: damaged, or without weights.
        WeightError: weights for another number of layers.
    """
    with open_hdf5(path, str(path)) as root:
        if _is_tree(root):
            return tree_weights(root, layers)
        saved, version, backend = _ordered(root)
        _check_number(path, [layer.class_name for layer in layers], len(saved))
        return [
            modern_weights(layer.class_name, layer.config, weights, version, backend)
            for layer, weights in zip(layers, saved, strict=True)
        ]


def _is_tree(root: Group) -> bool:
    return LAYERS not in root.groups and "layer_names" not in root and "layer_names0" not in root


def _ordered(root: Group) -> tuple[list[tuple[Weight, ...]], int, str | None]:
    """The arrays of each layer that has some, the version and the backend that wrote them."""
    group = root.groups.get(LAYERS, root)
    notes = group if "keras_version" in group else root
    version = notes.text("keras_version") if "keras_version" in notes else "1"
    backend = notes.text("backend") if "backend" in notes else None
    return [weights for weights in named_weights(group).values() if weights], major(version), backend


def _count(layer: LayerSpec) -> int:
    """Arrays of a layer, with those of all layers inside it."""
    inner = layer.model.layers if layer.model is not None else ()
    return len(layer.weights) + sum(map(_count, inner))


def _check_number(path: Path, classes: Sequence[str], found: int) -> None:
    if found != len(classes):
        raise WeightError(f"{path}: expected weights of {len(classes)} layers ({', '.join(classes)}), got {found}")


def named_weights(group: Group) -> dict[str, tuple[Weight, ...]]:
    """The arrays of each layer by its name, in the order of the attributes layer_names and weight_names.

    Raises:
        ModelFileError: the group is not what Keras writes.
        WeightError: arrays that no list of names has.
    """
    saved, read = {}, set()
    for name in group.text_list("layer_names"):
        layer = group.group(name)
        names = layer.text_list("weight_names")
        saved[name] = tuple(Weight(weight, layer.array(weight).read()) for weight in names)
        read |= {f"{name}/{weight}" for weight in names}
    left = [path for path, _ in group.all_arrays() if path not in read and path.split("/")[0] not in TRAINING]
    left = [path for path in left if not path.startswith(f"{OPTIMIZER}/")]
    if left:
        raise WeightError(f"{group.where}: arrays that its lists of names do not have: {', '.join(left[:10])}")
    return saved
