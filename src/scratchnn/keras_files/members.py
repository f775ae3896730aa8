"""The members of a zip archive, each checked before it is unpacked: names, links, sizes, checksums."""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ModelFileError
from . import limits
from .content import check_size

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 0x1
# What zipfile raises in damaged archives; it depends on which byte is wrong.
DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError),
    *(ValueError, OverflowError, MemoryError, IndexError, KeyError),
)


class Members:
    """The files of an archive by name, with / between folders whatever the writer used.

    Args:
        archive: an open archive.
        where: how messages name it.

    Raises:
        ModelFileError: a name, a kind or a size that no model file needs.
    """

    def __init__(self, archive: zipfile.ZipFile, where: str) -> None:
        self._archive, self.where = archive, where
        self._infos: dict[str, zipfile.ZipInfo] = {}
        infos = archive.infolist()
        if len(infos) > limits.MAX_MEMBERS:
            raise ModelFileError(f"{where}: expected at most {limits.MAX_MEMBERS} members, got {len(infos)}")
        for info in infos:
            self._add(info)
        size = sum(info.file_size for info in self._infos.values())
        check_size(where, size, sum(info.compress_size for info in self._infos.values()))

    def __iter__(self) -> Iterator[str]:
        return iter(self._infos)

    def _add(self, info: zipfile.ZipInfo) -> None:
        name, where = info.orig_filename.replace("\\", "/"), f"{self.where}, member {info.orig_filename!r}"
        folders = name.removesuffix("/").split("/")
        if any(part in ("", ".", "..") for part in folders) or ":" in folders[0] or "\0" in name:
            raise ModelFileError(f"{where}: expected a relative path without '..'")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise ModelFileError(f"{where}: expected a file, got a link")
        if info.flag_bits & ENCRYPTED or info.compress_type not in METHODS:
            raise ModelFileError(f"{where}: expected content that is stored or deflated, and not encrypted")
        if name in self._infos:
            raise ModelFileError(f"{where}: expected each member once")
        check_size(where, info.file_size, info.compress_size)
        if not name.endswith("/"):
            self._infos[name] = info

    def read(self, name: str) -> bytes:
        """The bytes of a member, whose checksum zipfile compares.

        Raises:
            ModelFileError: it is missing or damaged.
        """
        if name not in self._infos:
            found = ", ".join(list(self._infos)[:10]) or "nothing"
            raise ModelFileError(f"{self.where}: expected {name} in a .keras file, got {found}")
        with damage(f"{self.where}, member {name!r}"):
            return self._archive.read(self._infos[name])


@contextmanager
def open_zip(path: Path) -> Iterator[Members]:
    """The members of an archive.

    Raises:
        ModelFileError: damaged, or not what `Members` takes.
    """
    with damage(str(path)):
        archive = zipfile.ZipFile(path)
    with archive:
        yield Members(archive, str(path))


@contextmanager
def damage(where: str) -> Iterator[None]:
    """What zipfile raises in a damaged archive, as one typed error."""
    try:
        yield
    except DAMAGE as error:
        raise ModelFileError(f"{where}: damaged .keras file: {type(error).__name__}: {error}") from error
