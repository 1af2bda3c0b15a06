"""Sentry and webhooks on loopback, which keep every byte they are sent."""

import gzip
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

KEY = "0123456789abcdef0123456789abcdef"
HOOK = "/hook/canary-path"
ENVELOPES = "/api/42/envelope/"
SILENT = "no answer at all"
DOWN = "nobody there"
DRIPPING = "an answer that comes byte by byte"


class Sent(NamedTuple):
    """A request: every byte of it, and the JSON objects in its body."""

    raw: bytes
    parsed: list[Any]


def parse_envelope(body: bytes, auth: str) -> list[Any]:
    """Header, then item header and payload of each item; ValueError as Sentry's 400."""
    if not re.fullmatch(rf"Sentry (?=.*sentry_key={KEY}\b)(?=.*sentry_version=7\b).*", auth):
        raise ValueError("no key, or another version")
    head, newline, rest = body.partition(b"\n")
    parsed = [json.loads(head.decode())]
    while rest:
        head, newline, rest = rest.partition(b"\n")
        item = json.loads(head.decode())
        payload, rest = rest[: item["length"]], rest[item["length"] :]
        if not newline or len(payload) != item["length"] or rest[:1] not in (b"", b"\n"):
            raise ValueError("the length is wrong")
        parsed += [item, json.loads(payload.decode())]
        rest = rest[1:]
        if item["type"] == "event" and parsed[0]["event_id"] != parsed[-1]["event_id"]:
            raise ValueError("two event ids")
        if item["type"] not in ("event", "check_in"):
            raise ValueError("no such item")
    if len(parsed) == 1:
        raise ValueError("nothing in it")
    return parsed


class Receiver:
    """Sentry's envelope endpoint and a webhook for JSON, on loopback."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.answer: int | str = 200
        self.is_over = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.take(self)

            def do_GET(self) -> None:
                receiver.take(self)

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.dsn = f"http://{KEY}@{self.host}/42"
        self.hook = f"json://{self.host}{HOOK}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def take(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        raw = b"\n".join([request.requestline.encode(), request.headers.as_bytes(), body])
        answer = self.answer
        if answer == DRIPPING:
            while not self.is_over.wait(0.02):
                request.wfile.write(b"H")
            return
        if answer == SILENT:
            self.is_over.wait()
            return
        try:
            if request.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if request.path == ENVELOPES:
                parsed = parse_envelope(body, request.headers.get("X-Sentry-Auth", ""))
            else:
                parsed = [json.loads(body.decode())] if request.command == "POST" else []
        except (ValueError, KeyError, TypeError):
            answer = 400
        else:
            self.sent.append(Sent(raw, parsed))
        request.send_response(int(answer))
        if 300 <= int(answer) < 400:
            self.answer = 200
            request.send_header("Location", "/elsewhere")
        request.send_header("Content-Length", "2")
        request.end_headers()
        request.wfile.write(b"{}")

    def close(self) -> None:
        self.is_over.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def last(self) -> dict[str, Any]:
        """The payload that came last."""
        payload: dict[str, Any] = self.sent[-1].parsed[-1]
        return payload
