"""No call of the product reaches an inner address, however it is spelled, and none lasts longer than it may.

A canary listens on loopback. Every spelling of an inner address must leave it untouched; the control shows that the
same call does reach it once the installation allows it.
"""

import datetime as dt
import http.server
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from portal.errors import RuleBroken
from portal.notify import outgoing, reach

NOTHING = reach.trusted([])
# what a person may type; {port} is the canary's
SPELLED = [
    "https://127.0.0.1:{port}/", "https://127.1:{port}/", "https://127.0.1:{port}/", "https://2130706433:{port}/",
    "https://0x7f000001:{port}/", "https://0x7f.0.0.1:{port}/", "https://0x7f.1:{port}/", "https://0177.0.0.1:{port}/",
    "https://017700000001:{port}/", "https://127.0.0.1.:{port}/", "https://127.000.000.001:{port}/",
    "https://0:{port}/", "https://0.0.0.0:{port}/", "https://127.255.255.254:{port}/", "https://localhost:{port}/",
    "https://LOCALHOST:{port}/", "https://localhost.:{port}/", "https://[::1]:{port}/", "https://[::]:{port}/",
    "https://[0:0:0:0:0:0:0:1]:{port}/", "https://[0000::0001]:{port}/", "https://[::ffff:127.0.0.1]:{port}/",
    "https://[::ffff:7f00:1]:{port}/", "https://[::127.0.0.1]:{port}/", "https://[::ffff:0:127.0.0.1]:{port}/",
    "https://[64:ff9b::7f00:1]:{port}/", "https://[64:ff9b:1::7f00:1]:{port}/", "https://[2002:7f00:1::]:{port}/",
    "https://[2001:0:7f00:1::]:{port}/", "https://[fe80::1%25lo]:{port}/", "https://[fc00::1]:{port}/",
    "https://[fec0::1]:{port}/", "https://[ff02::1]:{port}/", "https://10.0.0.1:{port}/", "https://172.16.0.1:{port}/",
    "https://192.168.0.1:{port}/", "https://100.64.0.1:{port}/", "https://169.254.169.254:{port}/",
    "https://198.18.0.1:{port}/", "https://224.0.0.1:{port}/", "https://255.255.255.255:{port}/",
    "https://user@127.0.0.1:{port}/", "https://example.org@127.0.0.1:{port}/",
    "https://example.org#@127.0.0.1:{port}/", "https://example.org\\@127.0.0.1:{port}/",
    "https://127.0.0.1:{port}\\@example.org/", "https://①②⑦.0.0.1:{port}/", "https://127。0。0。1:{port}/",
    "https://%31%32%37.0.0.1:{port}/", "https://ⓛocalhost:{port}/", "https:127.0.0.1:{port}/",
    "https:///127.0.0.1:{port}/", "//127.0.0.1:{port}/", "http://127.0.0.1:{port}/", "ftp://127.0.0.1:{port}/",
    "gopher://127.0.0.1:{port}/_x", "file:///etc/passwd", "https://127.0.0.1:{port}\r\nX: y/", " https://127.1:{port}/",
]  # fmt: skip
# what the name server of the attacker may answer
ANSWERED = [
    ["127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], ["0.0.0.0"], ["10.1.2.3"], ["172.31.255.255"], ["192.168.1.1"],
    ["100.127.255.255"], ["169.254.169.254"], ["fd00:ec2::254"], ["64:ff9b::a00:1"], ["2002:a00:1::1"],
    ["fe80::1%lo"], ["93.184.215.14", "127.0.0.1"], ["127.0.0.1", "93.184.215.14"], ["240.0.0.1"], ["192.0.0.192"],
]  # fmt: skip


class Canary(http.server.ThreadingHTTPServer):
    """Counts who gets through to it, a TCP connection included."""

    daemon_threads = True

    def __init__(self) -> None:
        self.hits = 0
        super().__init__(("127.0.0.1", 0), Quiet)

    def get_request(self) -> Any:
        self.hits += 1
        return super().get_request()

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Quiet(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        return


@pytest.fixture
def canary() -> Iterator[Canary]:
    server = Canary()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def answering(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """A name server that answers each question with the next list; the last one again and again."""
    asked: list[str] = []
    left = list(answers)

    def look_up(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        asked.append(host)
        found = left.pop(0) if len(left) > 1 else left[0]
        family = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [
            (family[ip_address(one.partition("%")[0]).version], socket.SOCK_STREAM, 6, "", (one, port))
            for one in found
        ]

    monkeypatch.setattr(outgoing.socket, "getaddrinfo", look_up)
    return asked


def call(url: str) -> outgoing.Answer:
    return outgoing.post(url, b"{}", {"Content-Type": "application/json"})


@pytest.mark.parametrize("spelled", SPELLED)
def test_no_spelling_of_an_inner_address_reaches_the_canary(
    spelled: str, canary: Canary, settings: Any
) -> None:
    settings.OUTGOING_ALLOW = NOTHING
    with pytest.raises(outgoing.CallFailed):
        call(spelled.format(port=canary.port))
    assert canary.hits == 0


@pytest.mark.parametrize("answer", ANSWERED, ids=str)
def test_no_name_that_leads_inside_is_followed(
    answer: list[str], canary: Canary, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OUTGOING_ALLOW = NOTHING
    answering(monkeypatch, answer)
    with pytest.raises(outgoing.CallFailed, match="inside the organisation"):
        call(f"https://127.0.0.1.nip.example:{canary.port}/")
    assert canary.hits == 0


def test_a_name_server_that_changes_its_mind_is_asked_once(
    canary: Canary, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rebinding: first an address outside (of the documentation, so that nothing is called), then loopback."""
    settings.OUTGOING_ALLOW = NOTHING
    asked = answering(monkeypatch, ["93.184.215.14"], ["127.0.0.1"])
    went: list[Any] = []

    def connect(address: Any, *args: Any, **kwargs: Any) -> Any:
        went.append(address)
        raise OSError("nothing leaves this test")

    monkeypatch.setattr(outgoing.socket, "create_connection", connect)
    with pytest.raises(outgoing.CallFailed):
        call(f"https://rebind.example:{canary.port}/")
    assert asked == ["rebind.example"]
    assert went == [("93.184.215.14", canary.port)]
    assert canary.hits == 0


def test_the_canary_is_hit_where_the_installation_allows_it(canary: Canary, settings: Any) -> None:
    """The control: the same call, once with the network allowed and once with the name."""
    settings.OUTGOING_ALLOW = reach.trusted(["127.0.0.0/8"])
    assert call(f"http://127.0.0.1:{canary.port}/").status == 200
    settings.OUTGOING_ALLOW = reach.trusted(["localhost"])
    assert call(f"http://localhost:{canary.port}/").status == 200
    assert canary.hits == 2


def test_a_trusted_name_does_not_open_the_keys_of_the_cloud(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OUTGOING_ALLOW = reach.trusted(["chat.internal"])
    answering(monkeypatch, ["169.254.169.254"])
    with pytest.raises(outgoing.CallFailed, match="inside the organisation"):
        call("http://chat.internal/")


@pytest.mark.parametrize("entry", ["10.0.0.0/33", "a b", "http://chat", "*.internal", "12", "-"])
def test_an_entry_of_the_setting_that_means_nothing_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=re.escape(entry)):
        reach.trusted([entry])


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://8.8.8.8/x", ""), ("https://chat.example.org/hook?a=1", ""), ("https://[2606:4700::1111]/", ""),
        ("https://chat.example.org:8443/", ""), ("https://chat.example.org:25/", "port"),
        ("http://chat.example.org/", "not_https"), ("https://a:b@chat.example.org/", "credentials"),
        ("https://chat.example.org/#x", "fragment"), ("https://chat.example.org:99999/", "not_a_url"),
        ("", "not_a_url"),
        ("https://" + "a" * 500, "not_a_url"), ("https://192.168.0.1/", "inner_address"),
        ("https://-x-/", "not_a_host"),
    ],
)  # fmt: skip
def test_an_address_is_refused_with_its_reason_when_it_is_typed(url: str, code: str) -> None:
    if not code:
        assert reach.target(url, NOTHING).host
        return
    with pytest.raises(RuleBroken) as refusal:
        reach.target(url, NOTHING)
    assert (refusal.value.code, refusal.value.field) == (code, "url")


# --- servers that misbehave ----------------------------------------------------------------------


@pytest.fixture
def rude(settings: Any) -> Iterator[Callable[..., str]]:
    """`rude(behave)`: the address of a server that hands each connection to `behave(socket)`."""
    settings.OUTGOING_ALLOW = reach.trusted(["127.0.0.1", "localhost"])
    listeners: list[socket.socket] = []

    def serve(behave: Callable[[socket.socket], None], scheme: str = "http") -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def run() -> None:
            while True:
                try:
                    line, _address = listener.accept()
                except OSError:
                    return
                threading.Thread(target=_mannerly, args=(behave, line), daemon=True).start()

        threading.Thread(target=run, daemon=True).start()
        return f"{scheme}://localhost:{listener.getsockname()[1]}/"

    yield serve
    for listener in listeners:
        listener.close()


def _mannerly(behave: Callable[[socket.socket], None], line: socket.socket) -> None:
    with line:
        try:
            behave(line)
        except OSError:
            return


def says(text: bytes) -> Callable[[socket.socket], None]:
    def behave(line: socket.socket) -> None:
        listen(line)
        line.sendall(text)

    return behave


def listen(line: socket.socket) -> None:
    """Take the whole request: who closes with something unread breaks the answer off as well."""
    heard = b""
    while not heard.endswith(b"\r\n\r\n{}"):
        heard += line.recv(65536)


def drips(first: bytes, drop: bytes) -> Callable[[socket.socket], None]:
    def behave(line: socket.socket) -> None:
        line.sendall(first)
        while True:
            line.sendall(drop)
            time.sleep(0.05)

    return behave


@pytest.mark.parametrize(
    ("behave", "scheme"),
    [
        (lambda line: time.sleep(5), "http"),
        (drips(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"), "http"),
        (drips(b"", b"H"), "http"),
        (drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "http"),
        (lambda line: time.sleep(5), "https"),
        (drips(b"\x16\x03\x03\xff\xff", b"\x00"), "https"),
    ],
    ids=["silent", "headers for ever", "a line for ever", "continue for ever", "no handshake", "handshake for ever"],
)  # fmt: skip
def test_a_call_ends_in_its_time_whatever_the_server_does(
    behave: Any, scheme: str, rude: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "TOTAL_SECONDS", 0.8)
    begun = time.monotonic()
    with pytest.raises(outgoing.CallFailed) as failure:
        call(rude(behave, scheme))
    assert time.monotonic() - begun < 2.5
    assert failure.value.code in ("timeout", "garbled", "tls"), failure.value.code


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", 302),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\x00\xff<>{", 200),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 200),
        (b"HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n", 503),
    ],
)
def test_an_answer_is_its_status_and_no_redirect_is_followed(
    text: bytes, status: int, rude: Callable[..., str]
) -> None:
    answer = call(rude(says(text)))
    assert answer.status == status
    assert answer.retry_after == (120 if status == 503 else None)


def test_of_a_huge_body_a_little_is_read(rude: Callable[..., str]) -> None:
    sent: list[int] = []

    def flood(line: socket.socket) -> None:
        listen(line)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n")
        while True:
            line.sendall(b"x" * 65536)
            sent.append(65536)

    assert call(rude(flood)).status == 200
    time.sleep(0.2)
    assert sum(sent) < 20_000_000  # what the kernels hold between the two


@pytest.mark.parametrize(
    ("text", "code"), [(b"SSH-2.0-x\r\n", "garbled"), (b"", "broken_off"),
                       (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n", "garbled"),
                       (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000, "garbled")],
)  # fmt: skip
def test_what_is_no_http_is_named(text: bytes, code: str, rude: Callable[..., str]) -> None:
    with pytest.raises(outgoing.CallFailed) as failure:
        call(rude(says(text)))
    assert failure.value.code == code


def test_a_proxy_of_the_environment_is_not_used(
    canary: Canary, rude: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    assert call(rude(says(b"HTTP/1.1 204 No\r\n\r\n"))).status == 204
    assert canary.hits == 0


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """(certificate, key) for a host name, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths


@pytest.mark.parametrize(
    ("name", "known", "code"),
    [("localhost", True, ""), ("other.example", True, "tls"), ("localhost", False, "tls")],
)
def test_the_certificate_is_held_to_the_name(
    name: str, known: bool, code: str, rude: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    cert, key = certificate(tmp_path, name)
    if known:
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    def behave(line: socket.socket) -> None:
        with context.wrap_socket(line, server_side=True) as secure:
            says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")(secure)

    url = rude(behave, "https")
    if not code:
        assert call(url).status == 200
        return
    with pytest.raises(outgoing.CallFailed) as failure:
        call(url)
    assert failure.value.code == code
