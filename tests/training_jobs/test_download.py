"""Downloads are checked, resumed and kept once; tested against a server on this machine."""

import hashlib
import io
import tarfile
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from scratchnn.errors import DataError
from training_jobs.download import SOURCES, RemoteFile, ensure_data, fetch

CONTENT = bytes(range(256)) * 2_000


@dataclass
class Server:
    """What the server gives, how it fails, and what it was asked."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cut_after: int | None = None
    cuts: int = 0
    ranges: bool = True
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def file(self, path: str, content: bytes) -> RemoteFile:
        self.files[f"/{path}"] = content
        return RemoteFile(f"{self.url}/{path}", hashlib.sha256(content).hexdigest(), path)


@pytest.fixture
def server():
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            state.asked.append((self.path, asked))
            content = state.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and state.ranges else 0
            if start >= len(content):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            end = len(content)
            if state.cuts > 0:
                state.cuts -= 1
                end = start + (state.cut_after or 0)
            self.wfile.write(content[start:end])

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        state.url = f"http://127.0.0.1:{http.server_port}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield state
        http.shutdown()
        thread.join()


def names(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_file_is_downloaded_once(server, tmp_path):
    file = server.file("a/data.bin", CONTENT)
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert fetch(file, tmp_path) == tmp_path / "a" / "data.bin"
    assert server.asked == [("/a/data.bin", None)]
    assert names(tmp_path) == ["data.bin"]


def test_a_cut_connection_is_resumed(server, tmp_path, capfd):
    file = server.file("data.bin", CONTENT)
    server.cuts, server.cut_after = 2, 131_072

    assert fetch(file, tmp_path).read_bytes() == CONTENT

    assert [asked for _, asked in server.asked] == [None, "bytes=131072-", "bytes=262144-"]
    assert names(tmp_path) == ["data.bin"]
    assert "data.bin: 100%" in capfd.readouterr().err


def test_a_server_without_ranges_starts_anew(server, tmp_path):
    file = server.file("data.bin", CONTENT)
    server.cuts, server.cut_after, server.ranges = 1, 131_072, False
    assert fetch(file, tmp_path).read_bytes() == CONTENT


def test_a_download_that_keeps_failing_is_kept_for_the_next(server, tmp_path):
    file = server.file("data.bin", CONTENT)
    server.cuts, server.cut_after = 5, 65_536

    with pytest.raises(DataError, match=r"data\.bin: the download failed .* the next one goes on"):
        fetch(file, tmp_path)
    assert names(tmp_path) == [".data.bin.partial"]

    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert server.asked[-1] == ("/data.bin", "bytes=327680-")


def test_a_wrong_digest_is_an_error_and_nothing_is_kept(server, tmp_path):
    file = server.file("data.bin", CONTENT)
    server.files["/data.bin"] = CONTENT[:-1] + b"x"
    with pytest.raises(DataError, match=f"expected the file of SHA-256 {file.sha256}, received another"):
        fetch(file, tmp_path)
    assert names(tmp_path) == []


def test_a_damaged_partial_file_does_not_stay_in_the_way(server, tmp_path):
    file = server.file("data.bin", CONTENT)
    (tmp_path / ".data.bin.partial").write_bytes(b"x" * len(CONTENT))
    with pytest.raises(DataError, match="received another"):
        fetch(file, tmp_path)
    assert fetch(file, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("path", ["missing.bin"])
def test_a_missing_file_is_a_typed_error(server, tmp_path, path):
    with pytest.raises(DataError, match="404"):
        fetch(RemoteFile(f"{server.url}/{path}", "0" * 64, path), tmp_path)


def test_no_server_is_a_typed_error(tmp_path):
    with pytest.raises(DataError, match="the download failed"):
        fetch(RemoteFile("http://127.0.0.1:9/data.bin", "0" * 64, "data.bin"), tmp_path)


@pytest.fixture
def no_data_folder(monkeypatch):
    monkeypatch.delenv("SCRATCHNN_DATA", raising=False)


def archive(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in members.items():
            information = tarfile.TarInfo(name)
            information.size = len(content)
            tar.addfile(information, io.BytesIO(content))
    return stream.getvalue()


BATCHES = {
    f"cifar-10-batches-py/{name}": name.encode()
    for name in ("batches.meta", "test_batch", *(f"data_batch_{number}" for number in range(1, 6)))
}


def test_cifar10_is_unpacked_without_what_it_should_not_hold(server, tmp_path, no_data_folder):
    content = archive({**BATCHES, "../outside": b"x", "cifar-10-batches-py/readme.html": b"x"})
    sources = {"cifar10": (server.file("cifar.tar.gz", content),)}

    for _ in range(2):
        assert ensure_data("cifar10", cache=tmp_path / "cache", sources=sources) == tmp_path / "cache"

    assert len(server.asked) == 1
    assert names(tmp_path) == sorted(name.split("/")[1] for name in BATCHES)


@pytest.mark.parametrize("content", [b"no archive", archive({"cifar-10-batches-py/test_batch": b"x"})])
def test_an_archive_that_is_none_is_a_typed_error(server, tmp_path, no_data_folder, content):
    sources = {"cifar10": (server.file("cifar.tar.gz", content),)}
    with pytest.raises(DataError, match=r"cifar\.tar\.gz"):
        ensure_data("cifar10", cache=tmp_path, sources=sources)
    assert not (tmp_path / "cifar-10-batches-py").exists()


def test_nusax_is_laid_out_as_published(server, tmp_path, no_data_folder):
    paths = [f"nusax/sentiment/indonesian/{split}.csv" for split in ("train", "valid", "test")]
    sources = {"nusax": tuple(server.file(path, path.encode()) for path in paths)}
    root = ensure_data("nusax", cache=tmp_path, sources=sources)
    assert [(root / path).read_text() for path in paths] == paths


def test_a_named_folder_is_taken_as_it_is(tmp_path, monkeypatch):
    assert ensure_data("nusax", tmp_path) == tmp_path
    monkeypatch.setenv("SCRATCHNN_DATA", str(tmp_path / "variable"))
    assert ensure_data("nusax") == tmp_path / "variable"
    assert ensure_data("nusax", tmp_path) == tmp_path


def test_the_official_files_are_pinned():
    assert [file.path for file in SOURCES["nusax"]] == [
        f"nusax/sentiment/indonesian/{split}.csv" for split in ("train", "valid", "test")
    ]
    for file in (*SOURCES["cifar10"], *SOURCES["nusax"]):
        assert file.url.startswith("https://")
        assert len(file.sha256) == 64
