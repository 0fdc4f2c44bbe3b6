"""What the metrics over HTTP need before the daemon serves: a socket and a token, or an error."""

import socket
from dataclasses import dataclass, replace

from lmd.config.addresses import Address, parse_address
from lmd.config.problems import at_fault
from lmd.config.schema import MetricsConfig
from lmd.config.secret_sources import read_secret
from lmd.config.secrets import SecretError
from lmd.metrics.access import Rules, allowed_hosts

BACKLOG = 16


@dataclass(frozen=True, slots=True)
class Scrapes:
    """A listening socket, where it listens, and who is served there."""

    listener: socket.socket
    address: Address
    rules: Rules


def open_scrapes(config: MetricsConfig, source: str) -> Scrapes | None:
    """Listen as configured; None where that is nowhere. Blocks while the token is fetched.

    Raises `ConfigError`, which names ``source``.
    """
    if not config.listen or config.token is None:
        return None
    try:
        token = read_secret(config.token)
    except SecretError as error:
        raise at_fault(source, f"metrics.token: {error.message}", error.hint) from None
    address = parse_address(config.listen)
    try:
        listener = _bind(address)
    except OSError as error:
        raise at_fault(
            source,
            f"metrics.listen: nothing can listen on {address}: {error.strerror}",
            "choose another port, or see who has it: ss -ltnp",
        ) from error
    address = replace(address, port=listener.getsockname()[1])
    return Scrapes(listener, address, Rules(allowed_hosts(address, config.hosts), token))


def _bind(address: Address) -> socket.socket:
    family = socket.AF_INET6 if address.is_ipv6 else socket.AF_INET
    return socket.create_server((address.host, address.port), family=family, backlog=BACKLOG)
