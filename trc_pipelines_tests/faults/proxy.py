"""A proxy in front of PostgreSQL that loses what it is told to lose.

It listens on a Unix socket in a folder of its own and forwards to the server's. Connections are
numbered commits: libpq sends COMMIT as a message of its own, so the proxy sees it pass.
"""

import contextlib
import shutil
import socket
import tempfile
import threading
from pathlib import Path
from typing import Self

from sqlalchemy.engine import make_url

SOCKET_NAME = ".s.PGSQL.5432"
READY_FOR_QUERY = b"Z\x00\x00\x00\x05I"


class Proxy:
    """A context manager. `url` is the database behind the proxy; faults are switched by attributes.

    Attributes:
        cut_before_commit, cut_after_commit: number of the COMMIT (from 1, counted over all
            connections) that does not reach the server, or is done and never acknowledged.
        is_mute: accept connections and never answer.
        mute_at: text of a statement; with it the proxy becomes mute, and closes nothing.
    """

    def __init__(self, url: str) -> None:
        target = make_url(url)
        self._server = f"{target.query['host']}/{SOCKET_NAME}"
        self._folder = Path(tempfile.mkdtemp(prefix="px"))
        self.url = target.update_query_dict({"host": str(self._folder)}).render_as_string(
            hide_password=False
        )
        self.cut_before_commit: int | None = None
        self.cut_after_commit: int | None = None
        self.is_mute = False
        self.mute_at: bytes | None = None
        self.commits = 0
        self.connections = 0
        self._released = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX)

    def __enter__(self) -> Self:
        self._listener.bind(str(self._folder / SOCKET_NAME))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.refuse()
        self._released.set()
        shutil.rmtree(self._folder)

    def refuse(self) -> None:
        """From now on nobody listens."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def release(self) -> None:
        """Hang up on connections that were left without an answer."""
        self._released.set()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        if self.is_mute:
            self._released.wait()
            client.close()
            return
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._server)
        state = {"swallow": False}
        both = (client, server)
        back = threading.Thread(target=self._pump_back, args=(server, client, state), daemon=True)
        back.start()
        with contextlib.suppress(OSError):
            while message := client.recv(65536):
                if b"COMMIT\x00" in message:
                    self.commits += 1
                    if self.commits == self.cut_before_commit:
                        break
                    state["swallow"] = self.commits == self.cut_after_commit
                if self.mute_at and self.mute_at in message:
                    self.is_mute = True
                    self._released.wait()
                    break
                server.sendall(message)
        if not state["swallow"]:
            self._close(*both)

    def _pump_back(self, server: socket.socket, client: socket.socket, state: dict) -> None:
        with contextlib.suppress(OSError):
            while message := server.recv(65536):
                if state["swallow"]:
                    if READY_FOR_QUERY in message:
                        break  # the server has committed
                    continue
                client.sendall(message)
        self._close(client, server)

    @staticmethod
    def _close(*sockets: socket.socket) -> None:
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
