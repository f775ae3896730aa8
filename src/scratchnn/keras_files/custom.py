"""Whether a serialized object is one of Keras's own: nothing else is ever looked up, imported or called."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import ScratchnnError, UnsupportedError

# Packages whose classes Keras's own configs name.
PACKAGES = {"keras", "tf_keras"}
# Classes that hold Python code, as source or as bytecode.
CODE = {"Lambda", "__lambda__", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "TFSMLayer"}


def custom_objects(label: str, entry: Any) -> list[ScratchnnError]:
    """One fault for each object in a serialized layer that is not of Keras, or carries code.

    Args:
        label: how messages name the layer.
        entry: JSON data.
    """
    return list(_walk(label, entry, ""))


def _walk(label: str, value: Any, where: str) -> Iterator[ScratchnnError]:
    if isinstance(value, Mapping):
        faults = list(_object(label, value, where))
        yield from faults
        for key, child in value.items() if not faults else ():
            yield from _walk(label, child, key if key != "config" else where)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _walk(label, child, where)


def _object(label: str, value: Mapping[str, Any], where: str) -> Iterator[ScratchnnError]:
    class_name = value.get("class_name")
    if class_name is None and "module" not in value and "registered_name" not in value:
        return
    place = f"{label}, {where}" if where else label
    if str(class_name) in CODE:
        yield UnsupportedError(f"{place}: {class_name} carries Python code; scratchnn runs no code of a file")
        return
    module, registered = value.get("module"), value.get("registered_name")
    package = str(module).split(".")[0]
    foreign = module is not None and package not in PACKAGES
    if foreign or registered not in (None, class_name, f"keras>{class_name}"):
        yield UnsupportedError(
            f"{place}: a custom class {class_name!r} (module {module!r}, registered_name {registered!r}); "
            "scratchnn runs layers of Keras alone, and no code of a file"
        )
