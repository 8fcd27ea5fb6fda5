"""The one door through which the product calls an address that a person gave it.

A name is looked up once and the call goes to the very address that was checked (no second look-up for a rebinding
name server to answer), TLS holds the certificate to the name. No redirect is followed, no proxy of the environment
used, no cookie kept; time, headers and body of the answer are bounded. The clients in common use do none of the first
and bound no whole call in time, so this stands on `http.client` and `ssl` alone (docs/decisions).
"""

import http.client
import logging
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from django.conf import settings

from portal.errors import N_, RuleBroken
from portal.notify import reach

log = logging.getLogger(__name__)
LOOK_UP_SECONDS = 5.0
CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
"""Of one call, looking up included; a server that sends a byte now and then is cut off as well."""
READ_BYTES = 4096
"""Of the body of an answer; the rest is not read."""
ADDRESSES_TRIED = 2


@dataclass(frozen=True)
class Answer:
    """What came back: the HTTP status (any), the seconds it took, and Retry-After in seconds where it was given."""

    status: int
    seconds: float
    retry_after: int | None = None


class CallFailed(Exception):  # noqa: N818 - says what is the matter
    """No answer came; `code` is stable and `FAILURES[code]` says it in words."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(FAILURES[code])


FAILURES: dict[str, str] = {
    "not_a_url": N_("This is not the address of a web server."),
    "no_secret": N_("The secret cannot be read with the key of this installation. Make a new one."),
    "no_address": N_("No address is known for this host name."),
    "inner_address": N_("The host name leads inside the organisation's own network, which is not allowed."),
    "unreachable": N_("The server did not take the connection."),
    "tls": N_("The certificate of the server is not valid for this host name."),
    "timeout": N_("The server did not answer in time."),
    "garbled": N_("The server answered something that is not HTTP."),
    "broken_off": N_("The server broke off the connection before it answered."),
}


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Send one POST. Raises CallFailed where no answer came; any status, 3xx too, is an answer."""
    deadline = time.monotonic() + TOTAL_SECONDS
    try:
        target = reach.target(url, settings.OUTGOING_ALLOW)
        addresses = _look_up(target)
    except RuleBroken as refusal:
        raise CallFailed(refusal.code if refusal.code in FAILURES else "not_a_url") from refusal
    failure = CallFailed("unreachable")
    for address in addresses[:ADDRESSES_TRIED]:
        try:
            return _call(target, address, deadline, body, headers)
        except CallFailed as error:
            failure = error
            if error.code != "unreachable" or time.monotonic() >= deadline:
                break
    raise failure


def _look_up(target: reach.Target) -> list[str]:
    """The addresses of a host, all of them checked; in a thread, since the system's own look-up knows no time limit."""
    found: list[str] = []

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(row[4][0]) for row in rows))
        except (OSError, UnicodeError):
            return

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(LOOK_UP_SECONDS)
    addresses = list(found)
    if not addresses:
        raise CallFailed("no_address")
    reach.hold((ip_address(one.partition("%")[0]) for one in addresses), target.host, settings.OUTGOING_ALLOW)
    return addresses


class _Pinned(http.client.HTTPConnection):
    """A connection to one checked address, whatever the name of the host would say now."""

    def __init__(self, target: reach.Target, address: str, deadline: float) -> None:
        super().__init__(target.host, target.port)
        self.target, self.address, self.deadline = target, address, deadline
        self.raw: socket.socket | None = None

    def connect(self) -> None:
        """To the address, then TLS for the name."""
        left = max(0.1, self.deadline - time.monotonic())
        line = socket.create_connection((self.address, self.target.port), min(CONNECT_SECONDS, left))
        self.raw = line.dup()  # the watchdog's own handle: it works in the middle of a handshake as well
        line.settimeout(left)
        self.sock = line
        if self.target.scheme == "https":
            self.sock = ssl.create_default_context().wrap_socket(line, server_hostname=self.target.host)

    def cut(self) -> None:
        """End the connection from another thread."""
        if self.raw is not None:
            try:
                self.raw.shutdown(socket.SHUT_RDWR)
            except OSError:
                return

    def close(self) -> None:
        """With the handle of the watchdog."""
        super().close()
        if self.raw is not None:
            self.raw.close()


def _call(
    target: reach.Target, address: str, deadline: float, body: bytes, headers: Mapping[str, str]
) -> Answer:
    begun = time.monotonic()
    line = _Pinned(target, address, deadline)
    watchdog = threading.Timer(max(0.0, deadline - begun), line.cut)
    watchdog.daemon = True
    watchdog.start()
    try:
        sent = {"User-Agent": "Attune", "Connection": "close", **headers, "Host": target.authority}
        line.request("POST", target.path, body, sent)
        with line.getresponse() as response:
            _hold_time(deadline)
            status, wait = response.status, response.headers.get("Retry-After", "")
            _read_some(response)
    except ssl.SSLError as error:
        raise CallFailed(_in_time("tls", deadline)) from error
    except TimeoutError as error:
        raise CallFailed("timeout") from error
    except http.client.RemoteDisconnected as error:
        raise CallFailed(_in_time("broken_off", deadline)) from error
    except (http.client.HTTPException, ValueError) as error:
        raise CallFailed(_in_time("garbled", deadline)) from error
    except OSError as error:
        code = "unreachable" if line.raw is None else "broken_off"
        raise CallFailed(_in_time(code, deadline)) from error
    finally:
        watchdog.cancel()
        line.close()
    seconds = int(wait) if wait.isascii() and wait.isdigit() and len(wait) < 7 else None
    return Answer(status, time.monotonic() - begun, seconds)


def _hold_time(deadline: float) -> None:
    """Raise TimeoutError once the time is over: an answer cut off among its headers reads like their end."""
    if time.monotonic() >= deadline:
        raise TimeoutError


def _read_some(response: http.client.HTTPResponse) -> None:
    """The status is the answer; of the body some is read for good manners, and what is wrong with it does not count."""
    try:
        response.read(READ_BYTES)
    except (OSError, http.client.HTTPException, ValueError):
        log.debug("the body of an answer could not be read")


def _in_time(code: str, deadline: float) -> str:
    """The code, or that the watchdog had cut the connection."""
    return "timeout" if time.monotonic() >= deadline else code
