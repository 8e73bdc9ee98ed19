"""Mail servers for tests: one that behaves, and one that does as it is told."""

import socket
import threading
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage

Answer = str | Callable[[socket.socket], None] | None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def text_of(mail: EmailMessage) -> str:
    """Return what people read of a mail."""
    return mail.get_body(("plain",)).get_content()


class Inbox:
    """A mail server's side: keeps what arrives, and answers the recipients in `refused` as they say."""

    def __init__(self) -> None:
        self.mails, self.refused, self.encrypted = [], {}, []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's name
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        self.encrypted.append(session.ssl is not None)
        return "250 OK"


class Moody:
    """A mail server that answers each line as `answer(server, line)` says; None is what any server would say.

    An answer that can be called gets the connection, and after it that is closed.
    """

    def __init__(self, answer: Callable[["Moody", str], Answer]) -> None:
        self.answer, self.mails, self.connections, self.commands = answer, [], 0, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"smtp://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> "Moody":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()

    def _listen(self) -> None:
        while True:
            try:
                connection, _peer = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            try:
                connection.sendall(b"220 moody\r\n")
                for line in lines:
                    if not self._reply(connection, lines, line.decode().strip()):
                        return
            except OSError:
                return

    def _reply(self, connection, lines, line: str) -> bool:
        self.commands.append(line)
        said = self.answer(self, line)
        if line.upper() == "DATA" and said is None:
            connection.sendall(b"354 go on\r\n")
            content = b"".join(iter(lines.readline, b".\r\n"))
            self.mails.append(message_from_bytes(content, policy=policy.default))
            said = self.answer(self, ".")
        if callable(said):
            said(connection)
            return False
        usual = "221 bye" if line.upper() == "QUIT" else "250 moody"
        connection.sendall(f"{said or usual}\r\n".encode())
        return line.upper() != "QUIT"


def hang_up(_connection: socket.socket) -> None:
    """Close the connection without a word."""
