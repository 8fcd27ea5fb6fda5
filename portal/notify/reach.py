"""Which addresses a call to the outside may reach: none inside the organisation unless it is listed; pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from portal.errors import N_, RuleBroken

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
HTTPS_PORT, HTTP_PORT, LOWEST_PORT = 443, 80, 1024
LONGEST_URL = 400
INNER: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        # IANA IPv4 and IPv6 special-purpose address registries, and every form that carries an IPv4 address inside
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23",
        "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip
NEVER_BY_NAME: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fe80::/10",
        "ff00::/8",
    )
)
"""Link-local (where clouds answer with their keys), multicast, unspecified: a trusted name does not open these."""
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,252}[a-z0-9_.])?\Z")
_VISIBLE = re.compile(
    r"[!-\[\]-~]+\Z"
)  # ASCII that shows, but the backslash: readers of URLs differ about it


@dataclass(frozen=True)
class Trusted:
    """What an installation lets calls reach inside: host names (also over http) and networks."""

    names: frozenset[str]
    networks: tuple[Network, ...]


def trusted(entries: Iterable[str]) -> Trusted:
    """The setting, read. Raises ValueError naming an entry that is neither a host name, an address nor a network."""
    names, networks = set(), []
    for entry in (one.strip().lower() for one in entries):
        if not entry:
            continue
        try:
            networks.append(ip_network(entry.strip("[]"), strict=False))
        except ValueError:
            if not _HOST.match(entry) or not re.search("[a-z]", entry):
                raise ValueError(entry) from None
            names.add(entry.rstrip("."))
    return Trusted(frozenset(names), tuple(networks))


@dataclass(frozen=True)
class Target:
    """Where a call goes: scheme, host as it is named (no brackets), port, path with query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The host as the Host header names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = HTTPS_PORT if self.scheme == "https" else HTTP_PORT
        return host if self.port == usual else f"{host}:{self.port}"


def target(url: str, allow: Trusted) -> Target:
    """A URL taken apart as the call itself uses it, so that check and call cannot differ. Raises RuleBroken."""
    if not 0 < len(url) <= LONGEST_URL or not _VISIBLE.match(url):
        raise _refused(
            N_("This is not the address of a web server: plain characters, no spaces."), "not_a_url"
        )
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise _refused(N_("This is not the address of a web server."), "not_a_url") from None
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise _refused(N_("Leave the name and password out of the address."), "credentials")
    if parts.fragment or "#" in url:
        raise _refused(N_("Leave out what follows the #: it is never sent."), "fragment")
    literal = _literal(host)
    if literal is None and not _HOST.match(host):
        raise _refused(N_("This is not the name of a host. Write it in ASCII (punycode)."), "not_a_host")
    known = host in allow.names or (literal is not None and _within(literal, allow.networks))
    if parts.scheme != "https" and not (parts.scheme == "http" and known):
        raise _refused(N_("The address begins with https://."), "not_https")
    port = port if port is not None else (HTTPS_PORT if parts.scheme == "https" else HTTP_PORT)
    if not known and port != HTTPS_PORT and port < LOWEST_PORT:
        raise _refused(N_("The port is 443, or 1024 and above."), "port")
    if literal is not None:
        hold([literal], host, allow)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path)


def hold(addresses: Iterable[Address], host: str, allow: Trusted) -> None:
    """Raise RuleBroken where any address of a host lies inside: one open way among several is one too many."""
    for address in addresses:
        if _within(address, allow.networks):
            continue
        if host in allow.names and not _within(address, NEVER_BY_NAME):
            continue
        if not address.is_global or address.is_multicast or _within(address, INNER):
            raise _refused(N_("This address leads inside the organisation's own network."), "inner_address")


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _refused(message: str, code: str) -> RuleBroken:
    return RuleBroken(message, code=code, field="url")
