"""Download the data sets from their official sources, once, into a cache folder.

Every file is checked against the SHA-256 written here, so a source that moved, changed or was cut
off is an error and never data. A download that was cut goes on from where it stopped.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scratchnn.datasets import CIFAR10_FOLDER, DATA_VARIABLE, NUSAX_FOLDER, DatasetName
from scratchnn.errors import DataError
from training_jobs.run_store import write_folder

_NUSAX_URL = "https://raw.githubusercontent.com/IndoNLP/nusax/main/datasets/sentiment/indonesian"
_ATTEMPTS = 5
_TIMEOUT_SECONDS = 30
_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True)
class RemoteFile:
    """One file of a source: where it is, what it must be, and its path below the data folder."""

    url: str
    sha256: str
    path: str


def _nusax(split: str, sha256: str) -> RemoteFile:
    name = f"{NUSAX_FOLDER}/{split}.csv"
    return RemoteFile(f"{_NUSAX_URL}/{split}.csv", sha256, name)


SOURCES: Mapping[DatasetName, tuple[RemoteFile, ...]] = {
    "cifar10": (
        RemoteFile(
            "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
            "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
            "cifar-10-python.tar.gz",
        ),
    ),
    "nusax": (
        _nusax("train", "698c4802111085c14fbe35122957e1145338d307bcc295764026a23095a32984"),
        _nusax("valid", "4049c4a53017e08db72c72e1907345bfdfc19385481c58f54fe4637073d813f9"),
        _nusax("test", "43b612ed6fde972c752ab9fa8b2ce290d9ffa06b176b732fcef2a947cb94a161"),
    ),
}
_CIFAR10_FILES = ("test_batch", "batches.meta", *(f"data_batch_{number}" for number in range(1, 6)))


def default_cache() -> Path:
    """Return the folder that downloads are kept in, by the system's convention."""
    import platformdirs

    return platformdirs.user_cache_path("scratchnn") / "data"


def ensure_data(
    dataset: DatasetName,
    data_dir: Path | None = None,
    *,
    cache: Path | None = None,
    sources: Mapping[DatasetName, tuple[RemoteFile, ...]] = SOURCES,
) -> Path:
    """Return a data folder that holds the data set, downloading it where no folder was named.

    Args:
        dataset: "cifar10" or "nusax".
        data_dir: the data folder; None means the one SCRATCHNN_DATA names, else the cache.
        cache: where downloads are kept; None means the system's cache folder.
        sources: where the files come from.

    Raises:
        DataError: a download failed, or gave something else than the official file.
    """
    named = data_dir or os.environ.get(DATA_VARIABLE)
    if named:
        return Path(named)
    cache = default_cache() if cache is None else cache
    if dataset == "cifar10":
        _ensure_cifar10(cache, sources[dataset][0])
    else:
        for file in sources[dataset]:
            fetch(file, cache)
    return cache


def _ensure_cifar10(cache: Path, archive: RemoteFile) -> None:
    folder = cache / CIFAR10_FOLDER
    if all((folder / name).is_file() for name in _CIFAR10_FILES):
        return
    path = fetch(archive, cache)
    try:
        with tarfile.open(path) as tar:
            write_folder(folder, lambda target: _unpack(tar, target))
    except (OSError, tarfile.TarError) as error:
        raise DataError(f"{path}: cannot be unpacked: {error}") from error
    path.unlink()


def _unpack(tar: tarfile.TarFile, target: Path) -> None:
    """Write the batches, and nothing else that an archive may hold."""
    for name in _CIFAR10_FILES:
        try:
            member = tar.extractfile(f"{CIFAR10_FOLDER}/{name}")
        except KeyError:
            member = None
        if member is None:
            raise DataError(f"{tar.name!s}: expected the file {CIFAR10_FOLDER}/{name}, which is not in it")
        with member, (target / name).open("wb") as stream:
            shutil.copyfileobj(member, stream)


def fetch(file: RemoteFile, cache: Path) -> Path:
    """Return the path of a file in the cache, downloaded and checked where it is not there yet.

    Raises:
        DataError: it cannot be had, or its digest is another.
    """
    import pooch
    import requests

    target = cache / file.path
    try:
        pooch.retrieve(
            file.url, f"sha256:{file.sha256}", fname=target.name, path=target.parent, downloader=_resuming
        )
    except (requests.RequestException, OSError) as error:
        raise DataError(
            f"{file.url}: the download failed ({error}); the next one goes on from there. "
            f"Or get the file another way, and name its folder in {DATA_VARIABLE}"
        ) from error
    except ValueError as error:  # pooch's word for a wrong digest
        raise DataError(
            f"{file.url}: expected the file of SHA-256 {file.sha256}, received another; nothing was kept"
        ) from error
    return target


def _resuming(url: str, output: str | os.PathLike[str], _pooch: Any) -> None:
    """Download for pooch: into a partial file that outlives a cut connection, then to `output`."""
    import requests

    # pooch's own temporary file has another name each time; ours must be found again.
    partial = Path(output).parent / f".{_file_name(url)}.partial"
    for attempt in range(1, _ATTEMPTS + 1):
        before = partial.stat().st_size if partial.exists() else 0
        try:
            _download(url, partial, before)
            break
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, requests.Timeout):
            if attempt == _ATTEMPTS:
                raise
    partial.replace(output)


def _file_name(url: str) -> str:
    return url.rsplit("/", 1)[-1]


def _download(url: str, partial: Path, start: int) -> None:
    """Append to the partial file what is missing of it; begin anew where the server cannot resume."""
    import requests
    from tqdm import tqdm

    headers = {"Range": f"bytes={start}-"} if start else {}
    # Not compressed on the way: a range must count the bytes of the file itself.
    headers["Accept-Encoding"] = "identity"
    with contextlib.closing(requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT_SECONDS)) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            return  # all of it is there already; the digest decides
        response.raise_for_status()
        resumed = response.status_code == requests.codes.partial_content
        begin = start if resumed else 0
        length = response.headers.get("Content-Length")
        total = begin + int(length) if length else None
        name = _file_name(url)
        with (
            partial.open("ab" if resumed else "wb") as stream,
            tqdm(total=total, initial=begin, unit="B", unit_scale=True, desc=name) as bar,
        ):
            for chunk in response.iter_content(_CHUNK_BYTES):
                stream.write(chunk)
                bar.update(len(chunk))
