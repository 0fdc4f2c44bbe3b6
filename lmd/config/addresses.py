"""Addresses to listen on and to send to, as a configuration writes them. Pure."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_LISTEN = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<four>[^:\[\]]+)):(?P<port>\d{1,5})")


@dataclass(frozen=True, slots=True)
class Address:
    """An IP address and a port, 0 for any that is free."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether nobody on another machine can reach it."""
        return ipaddress.ip_address(self.host).is_loopback

    @property
    def is_ipv6(self) -> bool:
        """Whether it is written with colons."""
        return ":" in self.host

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if self.is_ipv6 else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """``127.0.0.1:9187``, ``[::1]:9187`` or ``localhost:9187``. Raises ValueError.

    Other names are none: what a name means changes, and with it who can connect.
    """
    parts = _LISTEN.fullmatch(text)
    if parts is None or int(parts["port"]) > 65_535:
        raise ValueError(f"{text!r} is no ADDRESS:PORT")
    host = parts["six"] or parts["four"]
    if host == "localhost":
        host = "127.0.0.1"
    try:
        parsed = ipaddress.ip_address(host)
    except ValueError:
        raise ValueError(f"{text!r} is no ADDRESS:PORT: {host!r} is no IP address") from None
    if (parsed.version == 6) != bool(parts["six"]):
        raise ValueError(f"{text!r} is no ADDRESS:PORT: write [{host}]:{parts['port']}")
    return Address(str(parsed), int(parts["port"]))


def is_http_url(text: str) -> bool:
    """Whether a text is an URL of HTTP with a host, and without a name and password in it."""
    try:
        parts = urlsplit(text)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        return False
    named = parts.scheme in ("http", "https") and bool(parts.hostname)
    return named and port_fits and "@" not in parts.netloc and text.isprintable()
