"""What is downloaded is the published file or nothing; the only server asked is one on this machine."""

import dataclasses
import gzip
import hashlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from semlink.errors import SourceError
from semlink.simulator.sources import build_source, mnist
from semlink.simulator.sources.download import fetch, obtain

CONTENT = bytes(range(256)) * 5000  # more than one piece


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves bytes by their path and counts what it was asked for. A file "/short" ends before its announced length."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.asked = files, list[str]()
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        data = self.server.files.get(self.path)
        if data is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:1000] if self.path == "/short" else data)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with Server({"/file": CONTENT, "/short": CONTENT}) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_a_file_arrives_whole(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "new" / "file"
    fetch(f"{server.url}/file", sha256(CONTENT), target)
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("path", "digest", "sentence"),
    [
        ("/file", "0" * 64, "something else than the published file"),
        ("/short", sha256(CONTENT), "cannot be downloaded|something else"),
        ("/missing", sha256(CONTENT), r"cannot be downloaded \(Not Found\)"),
    ],
)
def test_what_is_not_the_published_file_leaves_nothing(
    server: Server, tmp_path: Path, path: str, digest: str, sentence: str
) -> None:
    with pytest.raises(SourceError, match=sentence):
        fetch(server.url + path, digest, tmp_path / "file")
    assert not list(tmp_path.iterdir())


def test_without_a_network_one_sentence_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as unused:  # bound and not listening: nobody answers there
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(SourceError, match="get the file on a machine with a network and put it at"):
            fetch(f"http://127.0.0.1:{unused.getsockname()[1]}/file", "0" * 64, tmp_path / "file")


def test_a_place_that_cannot_be_written_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file")
    with pytest.raises(SourceError, match="may write to"):
        fetch(f"{server.url}/file", sha256(CONTENT), tmp_path / "folder" / "file")


def test_only_a_missing_file_is_fetched_and_only_when_allowed(server: Server, tmp_path: Path) -> None:
    target, url = tmp_path / "file", f"{server.url}/file"
    with pytest.raises(SourceError, match="download=true"):
        obtain(target, url, sha256(CONTENT), download=False)
    assert server.asked == []
    for _ in range(2):
        obtain(target, url, sha256(CONTENT), download=True)
    assert server.asked == ["/file"]


def test_mnist_is_downloaded_once(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small data set in the format of MNIST: 5003 training and 2 test images of one pixel."""
    held = {}
    for prefix, count in (("train", 5003), ("t10k", 2)):
        pixels = (np.arange(count) % 251).astype(np.uint8)
        size = count.to_bytes(4, "big")
        held[f"{prefix}-images-idx3"] = b"\0\0\x08\x03" + size + b"\0\0\0\1" * 2 + pixels.tobytes()
        held[f"{prefix}-labels-idx1"] = b"\0\0\x08\x01" + size + (pixels % 10).tobytes()
    sent = {name: gzip.compress(data, mtime=0) for name, data in held.items()}
    server.files = {f"/{name}-ubyte.gz": data for name, data in sent.items()}
    small = dataclasses.replace(
        mnist.MNIST,
        url=server.url,
        sent={name: sha256(data) for name, data in sent.items()},
        held={name: sha256(data) for name, data in held.items()},
    )
    monkeypatch.setattr(mnist, "MNIST", small)
    first = build_source("mnist", {"download": True}, tmp_path)
    second = build_source("mnist", {}, tmp_path)
    assert (len(first.train), len(first.validation), len(first.test)) == (3, 5000, 2)
    assert [record.label for record in first.train] == [0, 1, 2]
    assert first.digest() == second.digest()
    assert sorted(server.asked) == sorted(server.files)
