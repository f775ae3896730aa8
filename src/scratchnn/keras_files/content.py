"""An HDF5 file as plain data: groups, texts and arrays that lie in this file, and nothing that leads elsewhere.

Everything is checked before it is read: links, external and virtual storage, types, filters and sizes.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import h5py
import numpy as np

from ..errors import ModelFileError, UnsupportedError
from ..spec import Array
from . import limits
from .heaps import check_heaps

# Filters that HDF5 itself brings: deflate, shuffle, fletcher32, and h5py's lzf. Others are plugins, that is, code.
FILTERS = {1, 2, 3, 32000}
# What h5py raises in damaged files, beside OSError: it depends on which byte is wrong.
DAMAGE = (
    *(OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError),
    *(OverflowError, MemoryError, SystemError, NotImplementedError, IndexError),
)


@dataclass
class Stored:
    """One array of the file.

    Attributes:
        where: file and path, for messages.
        stored_bytes: what it takes in the file.
    """

    where: str
    dataset: Any
    stored_bytes: int = 0

    def read(self) -> Array:
        """The numbers.

        Raises:
            ModelFileError: it holds something else, or lies elsewhere, or is larger than the file allows.
            UnsupportedError: bfloat16.
        """
        with damage(self.where):
            self._check()
            return np.asarray(self.dataset[()])

    def _check(self) -> None:
        dtype = self.dataset.dtype
        if self.dataset.shape is None:
            raise ModelFileError(f"{self.where}: expected an array of numbers, got one without content")
        if self.dataset.attrs.get("dtype") == "bfloat16":
            raise UnsupportedError(f"{self.where}: expected float16, float32 or float64 numbers, got bfloat16")
        if dtype.kind not in "fiub" or dtype.hasobject:
            raise ModelFileError(f"{self.where}: expected an array of numbers, got {dtype} (never unpickled)")
        check_size(self.where, self.dataset.size * dtype.itemsize, self.stored_bytes)


def check_size(where: str, size: int, stored: int) -> None:
    """Refuse what would take more memory than its stored bytes can stand for.

    Raises:
        ModelFileError: it would.
    """
    if size > limits.MAX_BYTES or (size > limits.SMALL and size > limits.MAX_EXPANSION * stored):
        raise ModelFileError(
            f"{where}: it says {size} bytes, the file holds {stored} for them; expected at most "
            f"{limits.MAX_EXPANSION} times as many and {limits.MAX_BYTES} in all"
        )


@dataclass
class Group:
    """One group of the file, with everything in it.

    Attributes:
        where: file and path, for messages.
        groups, arrays: its members by name; a name with a backslash (written on Windows) is a path.
    """

    where: str
    handle: Any
    groups: dict[str, "Group"] = field(default_factory=dict)
    arrays: dict[str, Stored] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Names of all members."""
        return [*self.groups, *self.arrays]

    def group(self, path: str) -> "Group":
        """The group of that path.

        Raises:
            ModelFileError: there is none.
        """
        here = self
        for name in path.split("/"):
            if name not in here.groups:
                found = ", ".join(self.names[:10]) or "nothing"
                raise ModelFileError(f"{self.where}: expected the group {path!r}, got {found}")
            here = here.groups[name]
        return here

    def array(self, path: str) -> Stored:
        """The array of that path.

        Raises:
            ModelFileError: there is none.
        """
        parent, _, name = path.rpartition("/")
        arrays = (self.group(parent) if parent else self).arrays
        if name not in arrays:
            raise ModelFileError(f"{self.where}: expected the array {path!r}, but it is missing")
        return arrays[name]

    def all_arrays(self, prefix: str = "") -> Iterator[tuple[str, Stored]]:
        """Path and array of everything below."""
        yield from ((prefix + name, array) for name, array in self.arrays.items())
        for name, group in self.groups.items():
            yield from group.all_arrays(f"{prefix}{name}/")

    def __contains__(self, attribute: str) -> bool:
        with damage(self.where):
            return attribute in self.handle.attrs

    def text(self, attribute: str) -> str:
        """A text attribute.

        Raises:
            ModelFileError: it is missing or no text.
        """
        values = self._texts(attribute)
        if len(values) != 1:
            raise ModelFileError(f"{self.where}: attribute {attribute!r}: expected one text, got {len(values)}")
        return values[0]

    def text_list(self, attribute: str) -> list[str]:
        """A list of texts, which Keras splits into attribute0, attribute1, ... where it is too long for one.

        Raises:
            ModelFileError: it is missing or holds no texts.
        """
        if attribute in self:
            return self._texts(attribute)
        names: list[str] = []
        chunk = 0
        while f"{attribute}{chunk}" in self:
            names += self._texts(f"{attribute}{chunk}")
            chunk += 1
        if not chunk:
            raise ModelFileError(f"{self.where}: expected the attribute {attribute!r}, but it is missing")
        return names

    def _texts(self, attribute: str) -> list[str]:
        """The texts of an attribute, whose type and size are looked at first."""
        where = f"{self.where}: attribute {attribute!r}"
        if attribute not in self:
            raise ModelFileError(f"{self.where}: expected the attribute {attribute!r}, but it is missing")
        with damage(where):
            identifier = self.handle.attrs.get_id(attribute)
            size = int(np.prod(identifier.shape, dtype=object)) * identifier.get_type().get_size()
            if size > limits.MAX_TEXT:
                raise ModelFileError(f"{where}: expected at most {limits.MAX_TEXT} bytes, got {size}")
            if size and not isinstance(identifier.get_type(), h5py.h5t.TypeStringID):
                # Keras writes an empty list as an array of float64.
                raise ModelFileError(f"{where}: expected text, got {identifier.dtype}")
            values = np.atleast_1d(np.asarray(self.handle.attrs[attribute], object)).tolist() if size else []
            texts = [value.decode() if isinstance(value, bytes) else str(value) for value in values]
        if sum(map(len, texts)) > limits.MAX_TEXT:
            raise ModelFileError(f"{where}: expected at most {limits.MAX_TEXT} characters")
        return texts


@contextmanager
def open_hdf5(source: Path | IO[bytes], where: str) -> Iterator[Group]:
    """The content of an HDF5 file, of which no array has been read yet.

    Args:
        source: a path, or the bytes as a file.
        where: how messages name it.

    Raises:
        ModelFileError: damaged, beyond a limit, or with links to elsewhere.
    """
    with damage(where):
        check_heaps(source, where)
        file = h5py.File(source, "r")
        sizes = file.id.get_create_plist().get_sizes()
    with file:
        if sizes != (8, 8):
            raise ModelFileError(f"{where}: expected offsets and lengths of 8 bytes, got {sizes}")
        yield _Walk(where).group(file, where, 0)


class _Walk:
    """One pass over a file: every object once, so that no link can lead round in a circle."""

    def __init__(self, where: str) -> None:
        self.where, self.seen, self.size = where, set[Any](), 0

    def group(self, handle: Any, where: str, depth: int) -> Group:
        """The group and all below it."""
        if depth > limits.MAX_DEPTH:
            raise ModelFileError(f"{where}: expected at most {limits.MAX_DEPTH} groups inside each other")
        result = Group(where, handle)
        with damage(where):
            names = list(handle)
        for name in names:
            self._add(result, handle, name, depth)
        return result

    def _add(self, result: Group, handle: Any, name: str, depth: int) -> None:
        where = f"{result.where}/{name}" if depth else f"{result.where}:{name}"
        member = self._member(handle, name, where)
        *folders, last = name.replace("\\", "/").split("/")
        for folder in folders:
            result = result.groups.setdefault(folder, Group(where, None))
        if last in result.groups or last in result.arrays or last in ("", ".", ".."):
            raise ModelFileError(f"{where}: expected each name once, and no empty one")
        if isinstance(member, h5py.Dataset):
            result.arrays[last] = self._stored(member, where)
        else:
            result.groups[last] = self.group(member, where, depth + 1 + len(folders))

    def _member(self, handle: Any, name: str, where: str) -> Any:
        with damage(where):
            link = handle.get(name, getclass=True, getlink=True)
            if link is not h5py.HardLink:
                raise ModelFileError(f"{where}: expected content of the file itself, got a {link.__name__}")
            member = handle[name]
            info = h5py.h5o.get_info(member.id)
        if not isinstance(member, h5py.Group | h5py.Dataset):
            raise ModelFileError(f"{where}: expected a group or an array, got {type(member).__name__}")
        if info.addr in self.seen:
            raise ModelFileError(f"{where}: expected each object once, got another link to one")
        self.seen.add(info.addr)
        if len(self.seen) > limits.MAX_MEMBERS:
            raise ModelFileError(f"{self.where}: expected at most {limits.MAX_MEMBERS} groups and arrays")
        return member

    def _stored(self, dataset: Any, where: str) -> Stored:
        with damage(where):
            if dataset.external or dataset.is_virtual:
                raise ModelFileError(f"{where}: expected numbers in the file itself, got external storage")
            plan = dataset.id.get_create_plist()
            filters = {plan.get_filter(place)[0] for place in range(plan.get_nfilters())}
            if filters - FILTERS:
                raise ModelFileError(f"{where}: expected no compression or HDF5's own, got filters {filters}")
            stored = dataset.id.get_storage_size()
            self.size += dataset.size * dataset.dtype.itemsize if dataset.shape is not None else 0
        if self.size > limits.MAX_BYTES:
            raise ModelFileError(f"{self.where}: expected at most {limits.MAX_BYTES} bytes of numbers")
        return Stored(where, dataset, stored)


@contextmanager
def damage(where: str) -> Iterator[None]:
    """What h5py raises in a damaged file, as one typed error."""
    try:
        yield
    except DAMAGE as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(f"{where}: damaged HDF5 content: {type(error).__name__}: {error}") from error


def version_of(attributes: Group, default: str) -> str:
    """The Keras version that a group notes."""
    return attributes.text("keras_version") if "keras_version" in attributes else default


def known_members(group: Group, allowed: Mapping[str, str]) -> None:
    """Refuse arrays in members that nobody reads; `allowed` says why some may be passed over.

    Raises:
        ModelFileError: there are such arrays.
    """
    unknown = [path for path, _ in group.all_arrays() if path.split("/")[0] not in allowed]
    if unknown:
        raise ModelFileError(f"{group.where}: arrays that scratchnn does not know: {', '.join(unknown[:10])}")
