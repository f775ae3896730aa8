"""The graph of a functional model: which tensors each call of a layer takes, and in which order calls can run."""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import ConfigError, ScratchnnError, UnsupportedError
from ..spec import LayerSpec, NodeSpec, TensorRef, tensor_refs
from .arguments import SEPARATE_INPUTS, call_arguments, is_ref
from .order import keras_order


@dataclass(frozen=True)
class Wiring:
    """What the graph of a model says, as `ModelSpec` has it."""

    layers: tuple[LayerSpec, ...]
    nodes: tuple[NodeSpec, ...]
    inputs: tuple[TensorRef, ...]
    outputs: tuple[TensorRef, ...]
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]


def wiring(config: Mapping[str, Any], layers: Sequence[LayerSpec]) -> Wiring:
    """The graph of a functional model.

    Args:
        config: the model's config, with `layers`, `input_layers` and `output_layers`.
        layers: the same layers, parsed. A call that scratchnn cannot make becomes a fault of its layer.

    Raises:
        ConfigError: nodes that are not what Keras writes, tensors that no call gives, a loop.
        UnsupportedError: inputs or outputs in a deeper structure than a list or a dict.
    """
    layers, calls = list(layers), list[NodeSpec]()
    for place, entry in enumerate(config["layers"]):
        inbound, label = entry.get("inbound_nodes", []), f"{layers[place].class_name} {layers[place].name!r}"
        if not isinstance(inbound, list):
            raise ConfigError(f"{label}: expected a list of inbound_nodes, got {inbound!r:.100}")
        for index, node in enumerate(inbound):
            arguments, fault = _arguments(layers[place], label, node)
            calls.append(NodeSpec(layers[place].name, index, *arguments))
            if fault is not None and not layers[place].faults:
                layers[place] = replace(layers[place], faults=(*layers[place].faults, fault))
    inputs, input_names = _ends(config, "input_layers")
    outputs, output_names = _ends(config, "output_layers")
    lists = any(isinstance(node, list) for entry in config["layers"] for node in entry.get("inbound_nodes", []))
    calls, outputs = _own_nodes_out(layers, calls, outputs, lists)
    nodes = _ordered(calls, inputs, outputs)
    if any(layer.class_name in SEPARATE_INPUTS for layer in layers):
        nodes = keras_order(nodes, outputs)
    return Wiring(tuple(layers), nodes, inputs, outputs, input_names, output_names)


def _arguments(layer: LayerSpec, label: str, node: Any) -> tuple[tuple[Any, Any], ScratchnnError | None]:
    """Arguments and keyword arguments of one call, or why it cannot be made."""
    try:
        return call_arguments(layer, node), None
    except ScratchnnError as fault:
        return ((), {}), type(fault)(f"{label}: {fault}")


def _ends(config: Mapping[str, Any], key: str) -> tuple[tuple[TensorRef, ...], tuple[str, ...]]:
    """The inputs or outputs of the model, and their names where Keras takes or gives a dict."""
    value = config.get(key)
    values = [value] if is_ref(value) else list(value.values()) if isinstance(value, Mapping) else value
    if not isinstance(values, list) or not values:
        raise ConfigError(f"expected a list of {key}, got {value!r:.100}")
    if not all(map(is_ref, values)):
        raise UnsupportedError(f"{key}: expected a tensor, a list or a dict of tensors, got {value!r:.200}")
    return tuple(TensorRef(*item[:3]) for item in values), tuple(value) if isinstance(value, Mapping) else ()


def _own_nodes_out(
    layers: Sequence[LayerSpec], calls: list[NodeSpec], outputs: tuple[TensorRef, ...], lists: bool
) -> tuple[list[NodeSpec], tuple[TensorRef, ...]]:
    """Number the calls of nested models from 0.

    Keras counts the nested model's own graph as its call 0: Keras 1 and 2 (whose nodes are lists) everywhere,
    or nowhere for some Sequential models; Keras 3 in `output_layers` alone, and for functional models alone.
    """
    nested = {layer.name for layer in layers if layer.model is not None}
    if not lists:
        functional = {layer.name for layer in layers if layer.class_name == "Functional"}
        return calls, tuple(map(_shifted(functional), outputs))
    count = Counter(call.layer for call in calls)
    used = [*outputs, *(ref for call in calls for ref in _refs(call))]
    shift = _shifted({ref.layer for ref in used if ref.layer in nested and ref.node >= count[ref.layer]})
    moved = [replace(call, args=_map(shift, call.args), kwargs=_map(shift, call.kwargs)) for call in calls]
    return moved, tuple(map(shift, outputs))


def _shifted(names: set[str]) -> Callable[[TensorRef], TensorRef]:
    return lambda ref: ref._replace(node=ref.node - 1) if ref.layer in names else ref


def _map(change: Callable[[TensorRef], TensorRef], structure: Any) -> Any:
    """The structure with each TensorRef changed."""
    if isinstance(structure, TensorRef):
        return change(structure)
    if isinstance(structure, Mapping):
        return {key: _map(change, value) for key, value in structure.items()}
    if isinstance(structure, list | tuple):
        return type(structure)(_map(change, value) for value in structure)
    return structure


def _refs(call: NodeSpec) -> list[TensorRef]:
    return [*tensor_refs(call.args), *tensor_refs(call.kwargs)]


def _ordered(
    calls: Sequence[NodeSpec], inputs: Sequence[TensorRef], outputs: Sequence[TensorRef]
) -> tuple[NodeSpec, ...]:
    """The calls, each behind those whose results it takes.

    Raises:
        ConfigError: a tensor that no call gives, or a loop.
    """
    by_key = {(call.layer, call.index): call for call in calls}
    given = {ref[:2] for ref in inputs}
    needs = {key: {ref[:2] for ref in _refs(call)} - given for key, call in by_key.items()}
    wrong = {key for keys in [*needs.values(), {ref[:2] for ref in outputs} - given] for key in keys} - set(by_key)
    if wrong:
        named = ", ".join(f"call {index} of {layer!r}" for layer, index in sorted(wrong)[:10])
        raise ConfigError(f"the graph takes tensors that it does not have: {named}")
    takers: dict[tuple[str, int], list[tuple[str, int]]] = {key: [] for key in by_key}
    for key, needed in needs.items():
        for other in needed:
            takers[other].append(key)
    open_needs = {key: len(needed) for key, needed in needs.items()}
    ready, order = deque(key for key, count in open_needs.items() if not count), list[NodeSpec]()
    while ready:
        key = ready.popleft()
        order.append(by_key[key])
        for taker in takers[key]:
            open_needs[taker] -= 1
            if not open_needs[taker]:
                ready.append(taker)
    if len(order) < len(by_key):
        names = ", ".join(layer for (layer, _), count in open_needs.items() if count)
        raise ConfigError(f"the graph has a loop through {names:.200}")
    return tuple(order)
