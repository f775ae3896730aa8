"""Settings as readable text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def settings_in_words(settings: Mapping[str, Any]) -> str:
    """Return settings as "units 32, mask zero, learning rate 0.002"; what is off is left out."""
    return ", ".join(_setting(name, value) for name, value in settings.items() if value not in (None, False, 0))


def _setting(name: str, value: Any) -> str:
    words = name.replace("_", " ")
    return words if value is True else f"{words} {value_in_words(value)}"


def value_in_words(value: Any) -> str:
    """Return one value: a list as 32-64-128, yes and no, a dash for none."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "-".join(map(str, value))
    return "–" if value is None else str(value)


def varied(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of the settings that are not the same in all."""
    return [name for name in settings[0] if len({value_in_words(each.get(name)) for each in settings}) > 1]
