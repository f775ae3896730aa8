"""A check that the HDF5 library leaves out: it reads some damaged texts for ever.

Texts of no fixed length lie in global heaps. The library steps from object to object of a heap by the size that
each gives; a free object of size 0 keeps it where it is, in a loop that nothing can interrupt.
Source of the layout: "Global Heap" in https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
"""

import struct
from pathlib import Path
from typing import IO

from ..errors import ModelFileError

SIGNATURE = b"GCOL\x01"
HEADER = 16  # signature, version, three reserved bytes, size of the heap; of an object: index, count, size
SMALLEST = 4096  # bytes of a heap; the library refuses smaller ones


def check_heaps(source: Path | IO[bytes], where: str) -> None:
    """Refuse a file with a global heap that has no end.

    Raises:
        ModelFileError: there is one.
    """
    content = source.read_bytes() if isinstance(source, Path) else _all_of(source)
    start = content.find(SIGNATURE)
    while start >= 0:
        heap = content[start : start + HEADER]
        size = struct.unpack_from("<Q", heap, 8)[0] if len(heap) == HEADER else 0
        if SMALLEST <= size <= len(content) - start:
            _check(content, start, start + size, where)
        start = content.find(SIGNATURE, start + 1)


def _all_of(file: IO[bytes]) -> bytes:
    place = file.tell()
    content = file.read()
    file.seek(place)
    return content


def _check(content: bytes, start: int, end: int, where: str) -> None:
    """Walk the objects of one heap as the library does."""
    place = start + HEADER
    while place + HEADER <= end:
        index, _, size = struct.unpack_from("<HHxxxxQ", content, place)
        step = size if index == 0 else HEADER + -(-size // 8) * 8  # a free object counts its own header
        if step < HEADER or place + step > end:
            raise ModelFileError(
                f"{where}: damaged HDF5 content: a heap of texts whose objects do not fit into it"
            )
        place += step
