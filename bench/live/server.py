"""A server for one page and for this machine alone. It answers GET and HEAD, and changes nothing."""

from __future__ import annotations

import json
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bench.errors import UserError
from bench.live.page import LivePage

HOST = "127.0.0.1"

_SAFE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class LiveServer(ThreadingHTTPServer):
    """Serves a page at `/`, and at `/state` the version of its records.

    Args:
        page: to serve.
        port: to listen on; 0 for one that is free.

    Raises:
        UserError: the port cannot be had.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, page: LivePage, port: int) -> None:
        self.page = page
        try:
            super().__init__((HOST, port), _Handler)
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or error
            raise UserError(f"--port {port}: {why}; give another, or 0 for one that is free") from None

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that went away; let the traceback of anything else be seen."""
        import sys

        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: LiveServer
    server_version, sys_version = "bench", ""

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a page that asks every few seconds is no news."""

    def _answer(self, body: bool) -> None:
        port = self.server.server_port
        # A site whose name is made to point here (DNS rebinding) must not read the page in its reader's browser.
        if self.headers.get("Host", "") not in (f"{HOST}:{port}", f"localhost:{port}"):
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST, "this server is for this machine alone")
            return
        path = self.path.partition("?")[0]
        if path == "/":
            self._send(self.server.page.content(), "text/html; charset=utf-8", body)
        elif path == "/state":
            self._send(json.dumps({"version": self.server.page.version()}), "application/json", body)
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def _send(self, text: str, kind: str, body: bool) -> None:
        content = text.encode("utf-8", errors="replace")
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in _SAFE.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content)
