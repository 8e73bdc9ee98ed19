"""How mails leave: to a mail server, into files or onto the console, as MAIL_URL says.

A mail server gets all mails of a round through one connection. What goes wrong is one of three things: the mailbox
refuses for good, the server cannot be talked to at all, or, any other exception, this mail may leave another time.
"""

import re
import smtplib
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit

from webapp.ids import new_id
from webapp.logs import log

# For each answer of a server; and for all that one mail takes, however slowly the server goes on answering.
SMTP_TIMEOUT_SECONDS = 10
MAIL_SECONDS = 15
# How long a mail that is on its way still has when the process is told to stop.
GRACE_SECONDS = 1
_UNAVAILABLE = 421
# Nobody has this mailbox, or it takes no mail. All else may be about us: a relay that is set up wrongly, a block list.
_NO_MAILBOX = re.compile(rb"\A5\.[12]\.\d")
_STATUS = re.compile(rb"\A\d\.\d{1,3}\.\d{1,3}\b")

Transport = Callable[[EmailMessage], None]


class RefusedError(Exception):
    """The mailbox will not take this mail, however often it is tried."""


class TroubleError(Exception):
    """The server cannot be talked to: other mails would fare no better."""


@contextmanager
def transport_for(mail_url: str, *, host: str, stop: threading.Event) -> Iterator[Transport]:
    """Give what sends mails, for a MAIL_URL that the configuration has checked.

    `host` is the name of this site. Soon after `stop` is set, what is being sent ends, whether it was sent or not.
    """
    scheme, _colon, rest = mail_url.partition(":")
    if scheme == "console":
        yield _to_console
    elif scheme == "file":
        yield lambda message: _to_file(Path(rest), message)
    else:
        server = _Server(mail_url, host, stop)
        try:
            yield server.send
        finally:
            server.close()


def code_of(error: BaseException | None) -> int | None:
    """Return what a server answered by its number, for the log; its words may repeat an address."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return int(next(iter(error.recipients.values()))[0])
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None


def _to_console(message: EmailMessage) -> None:
    """Show what people read of it; the same words once more in HTML would only be in the way."""
    plain = message.get_body(("plain",))
    headers = "".join(f"{name}: {message[name]}\n" for name in ("Subject", "From", "To"))
    sys.stderr.write(f"{'-' * 72}\n{headers}\n{plain.get_content() if plain else ''}{'-' * 72}\n")
    sys.stderr.flush()


def _to_file(folder: Path, message: EmailMessage) -> None:
    """Write one file a mail; it appears under its name only when it is whole."""
    # For their owner alone: mails hold links that sign in.
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{new_id()}.eml"
    unfinished = folder / f".{name}"
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(bytes(message))
    unfinished.rename(folder / name)


class _Server:
    """A mail server, connected to when there is something to send, for one round."""

    def __init__(self, mail_url: str, host: str, stop: threading.Event) -> None:
        parts = urlsplit(mail_url)
        self._host, self._port = parts.hostname or "", parts.port or 25
        self._login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        self._name = _called(host)
        self._stop = stop
        self._client: smtplib.SMTP | None = None
        self._broken_off = 0
        # Read by the thread that watches: since when something has been asked of the server.
        self._asking_since: float | None = None
        self._was_cut = False
        self._over = threading.Event()
        self._watcher: threading.Thread | None = None

    def send(self, message: EmailMessage) -> None:
        """Send one mail. Raises RefusedError, TroubleError or anything else; see the head of this file."""
        if self._watcher is None:
            self._watcher = threading.Thread(target=self._watch, name="grapevine-mail-watch", daemon=True)
            self._watcher.start()
        self._asking_since = time.monotonic()
        try:
            client = self._connected()
            self._send(client, message)
        except Exception as error:
            if self._was_cut:
                # Whatever half a line seemed to say.
                raise TroubleError from error
            raise
        finally:
            self._asking_since = None

    def close(self) -> None:
        """Say good-bye, if there is anybody to say it to."""
        if self._client is not None and self._client.sock is not None:
            with suppress(OSError):
                # Whoever does not answer has all mails already.
                self._client.sock.settimeout(GRACE_SECONDS)
                self._client.quit()
        self._forget()
        self._over.set()

    def _send(self, client: smtplib.SMTP, message: EmailMessage) -> None:
        try:
            client.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            self._judge(error, code, said, of_mailbox=True)
        except smtplib.SMTPSenderRefused as error:
            # All mails have the same sender.
            raise TroubleError from error
        except smtplib.SMTPDataError as error:
            said = error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
            self._judge(error, error.smtp_code, said, of_mailbox=False)
        except (smtplib.SMTPServerDisconnected, smtplib.SMTPResponseException, TimeoutError, ssl.SSLError) as error:
            self._break_off(error)
        except smtplib.SMTPException:
            raise
        except OSError as error:
            self._break_off(error)
        self._broken_off = 0

    def _judge(self, error: Exception, code: int, said: bytes, *, of_mailbox: bool) -> None:
        """Raise what follows from an answer: only a mailbox that does not take it ends a mail before its last try."""
        if code == _UNAVAILABLE:
            self._forget()
            raise TroubleError from error
        if 500 <= code < 600 and (_NO_MAILBOX.match(said) or (of_mailbox and not _STATUS.match(said))):
            raise RefusedError from error
        raise error

    def _break_off(self, error: Exception) -> None:
        """Begin anew after a connection that broke: it may be this mail's fault once, but not twice in a row."""
        self._forget()
        self._broken_off += 1
        if self._broken_off > 1:
            raise TroubleError from error
        raise error

    def _connected(self) -> smtplib.SMTP:
        """Return a connection that is open: some servers close one after so many mails."""
        if self._client is not None:
            with suppress(OSError):
                if self._client.noop()[0] == 250:
                    return self._client
            self._forget()
        try:
            self._connect()
        except OSError as error:
            # Also whatever smtplib raises, and what is wrong with certificates.
            self._forget()
            raise TroubleError from error
        assert self._client is not None  # noqa: S101 - what connecting leaves behind
        return self._client

    def _connect(self) -> None:
        client = self._open()
        if self._login is None:
            self._encrypt_if_offered(client)
            return
        # A password never travels in the clear, nor to someone in between.
        if self._port != smtplib.SMTP_SSL_PORT:
            client.starttls(context=ssl.create_default_context())
        client.login(*self._login)

    def _open(self) -> smtplib.SMTP:
        client: smtplib.SMTP
        if self._port == smtplib.SMTP_SSL_PORT:
            checked = ssl.create_default_context()
            client = smtplib.SMTP_SSL(local_hostname=self._name, timeout=SMTP_TIMEOUT_SECONDS, context=checked)
        else:
            client = smtplib.SMTP(local_hostname=self._name, timeout=SMTP_TIMEOUT_SECONDS)
        # Made without connecting, so that whoever watches knows the connection while it is opened; then nothing else
        # tells it the name that certificates are about.
        client._host = self._host  # type: ignore[attr-defined]
        self._client = client
        client.connect(self._host, self._port)
        return client

    def _encrypt_if_offered(self, client: smtplib.SMTP) -> None:
        """Let nobody read along who only listens. Whoever has no password there need not know who the server is."""
        client.ehlo_or_helo_if_needed()
        if self._port == smtplib.SMTP_SSL_PORT or not client.has_extn("starttls"):
            return
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            client.starttls(context=context)
        except OSError as error:
            # Also whatever smtplib raises. Offered and not kept. Without it, mail left before there was any.
            log.warning("mail_not_encrypted", error=type(error).__name__)
            self._forget()
            self._open()

    def _forget(self) -> None:
        if self._client is not None:
            with suppress(OSError):
                self._client.close()
        self._client = None

    def _watch(self) -> None:
        """Cut a conversation that takes too long. A time-out of a socket begins anew with every byte."""
        stopped_at: float | None = None
        while not self._over.wait(0.05):
            now, since, client = time.monotonic(), self._asking_since, self._client
            if self._stop.is_set() and stopped_at is None:
                stopped_at = now
            connection = client.sock if client else None
            if since is None or connection is None:
                continue
            is_late = stopped_at is not None and now - max(since, stopped_at) > GRACE_SECONDS
            if is_late or now - since > MAIL_SECONDS:
                self._was_cut = True
                with suppress(OSError):
                    # The connection below the encryption, which stays: nothing may leave without it meanwhile.
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _called(host: str) -> str:
    """Return what this site calls itself when it greets: its name, or its address in brackets."""
    try:
        address = ip_address(host)
    except ValueError:
        return host or "localhost"
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"
