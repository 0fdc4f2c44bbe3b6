"""Who gets the metrics over HTTP: a pure decision over the head of a request."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from lmd.config.addresses import Address
from lmd.config.secrets import Secret

PATH = "/metrics"
Headers = Sequence[tuple[bytes, bytes]]
"""Names are in lower case."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a request must have. ``hosts`` are in lower case, with their port."""

    hosts: frozenset[str]
    token: Secret


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a request gets in place of the metrics."""

    status: HTTPStatus
    text: str
    header: tuple[bytes, bytes] | None = None


def allowed_hosts(address: Address, further: Collection[str]) -> frozenset[str]:
    """What may stand in ``Host``: a name that a web page brought along is none of these, even if it
    leads here (DNS rebinding)."""
    hosts = {str(address)}
    if address.is_loopback or address.host in ("0.0.0.0", "::"):
        hosts |= {f"{name}:{address.port}" for name in ("localhost", "127.0.0.1", "[::1]")}
    return frozenset(host.lower() for host in hosts.union(further))


def decide(method: bytes, target: bytes, headers: Headers, rules: Rules) -> Refusal | None:
    """Why a request does not get the metrics; None if it does."""
    hosts = _values(headers, b"host")
    if len(hosts) != 1 or hosts[0].lower() not in rules.hosts:
        return Refusal(
            HTTPStatus.MISDIRECTED_REQUEST, "not for this host (metrics.hosts names others)"
        )
    if not _has_token(_values(headers, b"authorization"), rules.token):
        return Refusal(
            HTTPStatus.UNAUTHORIZED,
            "the token of the configuration (metrics.token) is needed",
            (b"www-authenticate", b'Bearer realm="lmd"'),
        )
    if method not in (b"GET", b"HEAD"):
        return Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "GET or HEAD", (b"allow", b"GET, HEAD"))
    if _path(target) != PATH:
        return Refusal(HTTPStatus.NOT_FOUND, f"there is only {PATH}")
    return None


def _values(headers: Headers, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in headers if key == name]


def _has_token(values: Sequence[str], token: Secret) -> bool:
    if len(values) != 1:
        return False
    scheme, _, shown = values[0].partition(" ")
    return scheme.lower() == "bearer" and token.matches(shown.strip())


def _path(target: bytes) -> str:
    """The path of a target in origin form; a query changes nothing. "" for any other form."""
    text = target.decode("latin-1")
    return urlsplit(text).path if text.startswith("/") and not text.startswith("//") else ""
