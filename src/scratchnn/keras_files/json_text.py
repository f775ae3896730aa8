"""JSON as Keras writes it, within limits, as plain data."""

import json
from typing import Any

from ..errors import ModelFileError
from . import limits


def parse_json(text: str | bytes, where: str) -> dict[str, Any]:
    """The JSON object of a text. Keras's marked tuples and arrays become lists.

    Raises:
        ModelFileError: it is none, has too many values or is too deep, or has a key twice.
    """
    if len(text) > limits.MAX_TEXT:
        raise ModelFileError(f"{where}: expected at most {limits.MAX_TEXT} characters of JSON, got {len(text)}")
    _check_count(text, where)
    try:
        value = json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{where}: is not JSON that Keras writes: {error}") from error
    if not isinstance(value, dict):
        raise ModelFileError(f"{where}: expected a JSON object, got {type(value).__name__}")
    if _depth(value) > limits.MAX_DEPTH:
        raise ModelFileError(f"{where}: expected at most {limits.MAX_DEPTH} lists and objects inside each other")
    return value


def _check_count(text: str | bytes, where: str) -> None:
    """Refuse what would take long to parse, by its brackets and commas; those inside texts count too.

    Raises:
        ModelFileError: there are too many.
    """
    signs: tuple[Any, ...] = ("{", "[", ",") if isinstance(text, str) else (b"{", b"[", b",")
    objects, lists, commas = map(text.count, signs)
    for what, limit, count in (
        ("lists and objects", limits.MAX_CONTAINERS, objects + lists),
        ("values", limits.MAX_VALUES, commas + 1),
    ):
        if count > limit:
            raise ModelFileError(f"{where}: expected at most {limit} {what}, got {count}")


def _object(pairs: list[tuple[str, Any]]) -> Any:
    """An object, or what it stands for; two readers could take a repeated key for different values."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError(f"a key twice in one object: {sorted(key for key, _ in pairs)}")
    if value.get("class_name") == "__tuple__" and isinstance(value.get("items"), list):
        return value["items"]
    if value.get("type") == "ndarray" and set(value) == {"type", "value"}:  # standalone Keras 2
        return value["value"]
    return value


def _depth(value: Any) -> int:
    """Lists and objects inside each other, counted without recursion."""
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, dict | list)
        ]
    return depth


def plain(value: Any) -> Any:
    """A live config as JSON would have it: tuples become lists."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
