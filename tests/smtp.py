"""A mail server for tests: a thread that speaks just enough SMTP and keeps what it was sent."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class MailServer:
    """Where it listens, what came in, and whom it refuses."""

    port: int = 0
    connections: int = 0
    letters: list[tuple[str, str]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        world: MailServer = self.server.world  # type: ignore[attr-defined]
        world.connections += 1
        self._say("220 tests")
        to = ""
        while line := self.rfile.readline().decode().strip():
            verb = line.upper()
            if verb.startswith("RCPT"):
                to = line[line.index("<") + 1 : line.index(">")]
                self._say("550 no such mailbox" if to in world.refused else "250 ok")
            elif verb == "DATA":
                self._say("354 go on")
                world.letters.append((to, self._letter()))
                self._say("250 kept")
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _letter(self) -> str:
        lines: list[str] = []
        while (line := self.rfile.readline().decode().rstrip("\r\n")) != ".":
            lines.append(line)
        return "\n".join(lines)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class _Threads(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    world: MailServer


@contextmanager
def mail_server(settings: Any) -> Iterator[MailServer]:
    """A server that answers, and the settings that lead to it."""
    with _Threads(("127.0.0.1", 0), _Session) as server:
        server.world = MailServer(port=server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        _lead(settings, server.world.port)
        try:
            yield server.world
        finally:
            server.shutdown()


@contextmanager
def silent_mail_server(settings: Any) -> Iterator[None]:
    """A server that takes a connection and then says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        _lead(settings, server.getsockname()[1])
        settings.EMAIL_TIMEOUT = 0.3
        yield


def no_mail_server(settings: Any) -> None:
    """Settings that lead to a closed port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    _lead(settings, port)


def _lead(settings: Any, port: int) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_TIMEOUT = 5
