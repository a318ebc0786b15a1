"""A stand-in for the hub, at the network's edge: what it is sent it keeps, and nothing else."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class Hub(ThreadingHTTPServer):
    """Repositories made, and the files of every commit."""

    def __init__(self, refuse: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.refuse = refuse
        self.made: list[dict[str, Any]] = []
        self.commits: list[dict[str, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: Hub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
        if self.server.refuse:
            self._say({"error": "no access"}, 403)
        elif self.path.endswith("/create"):
            self.server.made.append(json.loads(body))
            name = self.server.made[-1]
            where = f"{self.server.url}/datasets/{name.get('organization', 'me')}/{name['name']}"
            self._say({"url": where})
        elif "/preupload/" in self.path:
            asked = json.loads(body)["files"]
            told = [
                {"path": one["path"], "uploadMode": "regular", "shouldIgnore": False}
                for one in asked
            ]
            self._say({"files": told})
        elif "/commit/" in self.path:
            lines = [json.loads(line) for line in body.splitlines()]
            added = [line["value"] for line in lines if line["key"] == "file"]
            self.server.commits.append(
                {one["path"]: base64.b64decode(one["content"]) for one in added}
            )
            done = {"commitUrl": f"{self.server.url}/datasets/me/x/commit/1", "commitOid": "1" * 40}
            self._say({**done, "success": True})
        else:
            self._say({})

    def do_GET(self) -> None:
        if self.server.refuse:
            self._say({"error": "no access"}, 403)
            return
        self._say({"id": "me/x", "sha": "1" * 40, "siblings": [], "private": True})

    def _say(self, what: dict[str, Any], status: int = 200) -> None:
        text = json.dumps(what).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(*, refuse: bool = False) -> Iterator[Hub]:
    """A hub on a port of its own while the block runs."""
    hub = Hub(refuse)
    thread = Thread(target=hub.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        thread.join()
        hub.server_close()
