"""What the tests said to each change, as lines of JSON: a run that was interrupted can go on."""

import json
from pathlib import Path
from typing import Any

from .forks import Change, Result

Entry = dict[str, Any]


def key(change: Change) -> str:
    """A name that another change, of the same text elsewhere too, does not have."""
    return f"{change.name} [{', '.join(change.tests)}]"


def start(path: Path) -> dict[str, Entry]:
    """A new record, empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    return {}


def load(path: Path) -> dict[str, Entry]:
    """The entries of a record, by key."""
    if not path.is_file():
        return start(path)
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    return {entry["key"]: entry for entry in entries}


def add(path: Path, change: Change, result: Result) -> Entry:
    """Write one entry at the end of the record."""
    entry = {
        "key": key(change),
        "name": change.name,
        "module": change.module,
        "killed": result.killed,
        "examples": list(result.examples),
        "killers": [killer.split(":")[0] for killer in result.killers],
        "seconds": round(result.seconds, 2),
    }
    with path.open("a") as file:
        file.write(json.dumps(entry) + "\n")
    return entry
