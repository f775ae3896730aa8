"""The arguments of one call in a functional model, in the forms of Keras 1, 2 and 3."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import ConfigError, UnsupportedError
from ..spec import LayerSpec, TensorRef
from .legacy import RECURRENT

# What a recurrent layer takes by position behind its input: Keras writes down what the caller wrote.
BEHIND_INPUT = ("initial_state", "mask", "training")
# Layers whose inputs are arguments of their own, which are a list here; what they take by position.
SEPARATE_INPUTS = {"MultiHeadAttention": ("query", "value", "key")}
ATTENTION_MASKS = ("query_mask", "value_mask", "key_mask")
ATTENTION_FLAGS = ("return_attention_scores", "training", "use_causal_mask")
CONSTANT_DTYPES = ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool")

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


def is_ref(value: Any) -> bool:
    """Whether this is how Keras writes a tensor: [layer, call, output], in Keras 2 with a dict behind."""
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in value[1:3])
        and isinstance(value[3:], list)
        and all(isinstance(rest, Mapping) for rest in value[3:])
    )


def call_arguments(layer: LayerSpec, node: Any) -> Arguments:
    """Arguments and keyword arguments of a call, with `TensorRef`s for tensors.

    Args:
        layer: the layer that is called.
        node: one of its `inbound_nodes`.

    Raises:
        ConfigError: it is none.
        UnsupportedError: arguments that scratchnn cannot pass.
    """
    if isinstance(node, Mapping) and "args" in node:
        args, kwargs = _value(node["args"]), _value(node.get("kwargs", {}))
    else:
        args, kwargs = _listed(node)
    separate = layer.class_name in SEPARATE_INPUTS
    if not isinstance(args, list) or not (args or separate) or not isinstance(kwargs, dict):
        raise ConfigError(f"inbound_nodes: expected args and kwargs, got {node!r:.200}")
    if layer.class_name in (*RECURRENT, "Bidirectional"):
        args, kwargs = _recurrent(layer, args, kwargs)
    elif separate:
        args, kwargs = _attention(layer, args, kwargs)
    elif not layer.class_name.startswith("ops."):
        args, kwargs = _with_mode(args, kwargs)
    # In Keras 3 the mode of a call gives way to that of the model, which in `predict` is inference.
    if kwargs.get("training") and layer.keras_version < 3:
        raise UnsupportedError(
            "it is called with training=True, for a model that draws random numbers or looks at the whole batch "
            "whenever it runs; scratchnn runs models at inference"
        )
    return tuple(args), {key: value for key, value in kwargs.items() if value is not None and key != "training"}


def _with_mode(args: list[Any], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The mode by name, where it was given by position: Dropout(0.5)(x, True)."""
    if len(args) == 2 and (args[1] is None or isinstance(args[1], bool)):
        return args[:1], {"training": args[1], **kwargs}
    return args, kwargs


def _recurrent(layer: LayerSpec, args: list[Any], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The input alone by position, and the states in a list by keyword."""
    if layer.keras_version < 3 and args and isinstance(args[0], list):
        (first, *states), behind = args[0], args[1:]  # Keras 2 calls it with one list of input and states
        args = [first, states, *behind] if states else [first, *behind]
    named = dict(zip(BEHIND_INPUT, args[1:], strict=False))
    kwargs = {key: value for key, value in {**named, **kwargs}.items() if value is not None}
    if isinstance(kwargs.get("initial_state"), TensorRef):
        kwargs["initial_state"] = [kwargs["initial_state"]]
    return args[:1], kwargs


def _attention(layer: LayerSpec, args: list[Any], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Query, value and key in a list by position, everything else by keyword."""
    if layer.keras_version < 3:
        raise UnsupportedError("its masks had another meaning in Keras 2; expected a file of Keras 3")
    names = (*SEPARATE_INPUTS[layer.class_name], *ATTENTION_MASKS, "attention_mask", *ATTENTION_FLAGS)
    if len(args) > len(names) or set(names[: len(args)]) & set(kwargs):
        raise ConfigError(f"inbound_nodes: expected each of {', '.join(names)} once at most, got {args!r:.200}")
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    given = {key: value for key, value in given.items() if value is not None}
    whole = "query" in given and "value" in given
    inputs = [given.pop(name) for name in SEPARATE_INPUTS[layer.class_name] if name in given]
    if not whole or not all(isinstance(tensor, TensorRef) for tensor in inputs):
        raise ConfigError(
            f"inbound_nodes: expected the tensors query and value, and key or none, got {inputs!r:.200}"
        )
    explicit = [name for name in ATTENTION_MASKS if name in given]
    if explicit:  # Keras takes the query's mask from the tensor whatever it is given
        raise UnsupportedError(
            f"it is called with {', '.join(explicit)}; expected masks that come with the inputs"
        )
    wrong = [name for name in ATTENTION_FLAGS if not isinstance(given.get(name, False), bool)]
    if wrong or not isinstance(given.get("attention_mask"), TensorRef | np.ndarray | None):
        raise UnsupportedError(
            f"expected true or false for {', '.join(ATTENTION_FLAGS)} and a tensor for attention_mask, got "
            f"{given!r:.200}"
        )
    return [inputs], given


def _listed(node: Any) -> tuple[Any, Any]:
    """Keras 1's and 2's form: a list of tensors, the keyword arguments inside the first of them."""
    refs = [node] if is_ref(node) else node
    if not isinstance(refs, list) or not refs or not all(map(is_ref, refs)):
        raise UnsupportedError(f"inbound_nodes: expected a list of tensors, got {node!r:.200}")
    tensors = [TensorRef(*ref[:3]) for ref in refs]
    kwargs = refs[0][3] if len(refs[0]) == 4 else {}
    return [tensors[0] if len(tensors) == 1 else tensors], _listed_kwargs(kwargs)


def _listed_kwargs(value: Any) -> Any:
    """Keyword arguments of Keras 2, where a tensor is a list like any other."""
    if is_ref(value):
        return TensorRef(*value[:3])
    if isinstance(value, list):
        return [_listed_kwargs(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _listed_kwargs(item) for key, item in value.items()}
    return value


def _value(value: Any) -> Any:
    """A serialized argument of Keras 3: a tensor, a constant, or a structure of them."""
    if isinstance(value, list):
        return [_value(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    class_name, config = value.get("class_name"), value.get("config")
    if class_name is None:
        return {key: _value(item) for key, item in value.items()}
    if class_name == "__keras_tensor__" and isinstance(config, Mapping) and is_ref(config.get("keras_history")):
        return TensorRef(*config["keras_history"][:3])
    if class_name in ("__numpy__", "__tensor__") and isinstance(config, Mapping):
        return _constant(config)
    if class_name == "__slice__" and isinstance(config, Mapping):
        return slice(*(config.get(key) for key in ("start", "stop", "step")))
    if class_name == "__ellipsis__":
        return ...
    raise UnsupportedError(f"inbound_nodes: expected tensors and numbers as arguments, got {class_name!r}")


def _constant(config: Mapping[str, Any]) -> Any:
    if config.get("dtype") not in CONSTANT_DTYPES:
        raise UnsupportedError(f"inbound_nodes: a constant of dtype {config.get('dtype')!r}")
    try:
        return np.array(config.get("value"), config["dtype"])
    except (ValueError, TypeError, OverflowError) as error:
        raise ConfigError(f"inbound_nodes: a constant that is no array of numbers: {error}") from error
