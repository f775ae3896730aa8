"""Texts as outputs: there is no bound, each must be the same."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .result import Agreement, Channel, Verdict

Array = NDArray[Any]


def are_texts(array: Array) -> bool:
    """Whether an array holds texts and nothing else."""
    return array.dtype.kind == "U" or (
        array.dtype.kind == "O" and all(isinstance(item, str) for item in array.flat)
    )


def check_texts(ours: list[Array], theirs: list[Array]) -> Agreement:
    """Agreement if all texts are the same; else the first that is not, which counts against scratchnn."""
    size = sum(output.size for output in ours)
    for number, (our, their) in enumerate(zip(ours, theirs, strict=True)):
        different = np.argwhere(our.astype(object) != their.astype(object))
        if len(different):
            where = tuple(map(int, different[0]))
            return Agreement(
                Verdict.SCRATCH_OFF,
                Channel.TEXT,
                ratio=np.inf,
                where=where,
                output=number,
                expected=str(their[where]),
                got=str(our[where]),
                reason="another text",
                size=size,
            )
    return Agreement(Verdict.AGREE, Channel.TEXT, size=size)
