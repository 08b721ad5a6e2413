"""Where webhooks may lead: the open internet, and what the settings allow besides."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpcore
from typing_extensions import override

from api.settings import Network
from autodistill.errors import InvalidInput, Problem


def check_url(url: str, allowed: Sequence[Network]) -> None:
    """Refuse what is no address of a server that may be told.

    Raises:
        InvalidInput: When it is not http(s), has a password, or leads where it may not.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise _refused(f"This is no URL: {error}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _refused("A webhook is an http or https URL with a host.")
    if parts.username or parts.password or not url.isascii() or not url.isprintable():
        raise _refused("A URL has no user and no odd characters; messages are signed instead.")
    try:
        address_of(parts.hostname, port, allowed)
    except OSError as error:
        raise _refused(f"{parts.hostname} cannot be told: {error}.") from error


def address_of(host: str, port: int, allowed: Sequence[Network]) -> str:
    """Return the address that a host stands for, if all of its addresses may be connected to.

    Raises:
        OSError: When it is unknown, or one of them is private and not allowed.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    for address in addresses:
        inside = getattr(address, "ipv4_mapped", None) or address
        public = inside.is_global and not inside.is_multicast
        if not public and not any(inside in network for network in allowed):
            way_out = "list its network in AUTODISTILL_WEBHOOK_NETWORKS to allow it"
            raise OSError(f"{address} is no public address; {way_out}")
    return str(addresses[0])


class Backend(httpcore.SyncBackend):
    """Connects to the address that was checked, so that a name cannot change its mind between."""

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = allowed

    @override
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            address = address_of(host, port, self._allowed)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return super().connect_tcp(address, port, timeout, local_address, socket_options)


def _refused(message: str) -> InvalidInput:
    return InvalidInput(Problem(field="url", message=message))
