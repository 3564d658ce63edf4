"""Where a URL may lead: not into the network of the host, unless somebody says so.

Who may write a URL into the settings could otherwise let the host talk to what only the host can
reach. A name is looked up right before each request. Between that look and the connection a hostile
name server may still change its answer; against that helps a proxy for what leaves, or a firewall.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from typing import Final

import httpx

__all__ = ["address_problem", "is_loopback", "resolve", "url_problem"]

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_LONGEST_URL: Final = 2000
_HOST: Final = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_PUBLIC: Final = ipaddress.IPv6Network("2000::/3")
"""All of IPv6 that was ever given to anybody (IANA, "IPv6 Global Unicast Address Space")."""
_EMBEDDING: Final = tuple(
    map(
        ipaddress.IPv6Network,
        # NAT64 (RFC 6052 and 8215), compatible (RFC 4291), and translated (RFC 2765).
        ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96"),
    )
)
"""Where an IPv4 address stands in the last four bytes."""
_METADATA: Final = frozenset(
    map(
        ipaddress.ip_address,
        # Clouds answer here with credentials; those of 169.254.0.0/16 are link-local anyway.
        ("fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
    )
)


def url_problem(text: str) -> str | None:
    """Say in words why this cannot be the address of an endpoint; None where it can.

    Example:
        >>> url_problem("https://hooks.shop.example/in")
        >>> url_problem("hooks.shop.example")
        'URL must begin with "https://" and name a host.'
    """
    if len(text) > _LONGEST_URL or not text.isprintable() or " " in text:
        return f"URL must be one line of at most {_LONGEST_URL} characters without blanks."
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        return 'URL is no address. It looks like "https://hooks.shop.example/in".'
    if url.scheme not in ("https", "http") or not url.host:
        return 'URL must begin with "https://" and name a host.'
    return _excess(url)


def _excess(url: httpx.URL) -> str | None:
    """Say what an address holds that the one of an endpoint must not."""
    if url.userinfo:
        return "URL must not hold a user or a password. Choose Authentication: basic instead."
    if url.fragment:
        return 'URL must not hold a "#": what follows it is never sent.'
    if _literal(url.host) is None and not _HOST.fullmatch(url.raw_host.decode("ascii")):
        return "URL names a host that cannot be one."
    return None


def is_loopback(host: str) -> bool:
    """Tell whether a host can only mean this machine."""
    address = _literal(host)
    return host == "localhost" if address is None else address.is_loopback


async def resolve(host: str) -> list[str]:
    """Look a name up; an unknown one has no addresses, and its request will say so."""
    try:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return sorted({str(place[0]) for *_, place in found})


async def address_problem(host: str, *, private: bool) -> str | None:
    """Say in words why nothing may be sent to a host; None where it may.

    Args:
        host: A name or an address, in ASCII as it is asked for: a name that is not might be looked
            up here in another way than by who sends the request.
        private: Whether private addresses are allowed, those of this machine included.
    """
    literal = _literal(host)
    addresses = [literal] if literal else [_literal(each) for each in await resolve(host)]
    for address in addresses:
        if address and (kind := _refused(address, private=private)):
            return f"{host} leads to {address}, {kind}"
    return None


def _refused(address: _Address, *, private: bool) -> str | None:
    address = _meant(address)
    if address in _METADATA or address.is_link_local:
        return "where clouds keep credentials. Nothing is ever sent there; correct the URL."
    if address.is_multicast or address.is_unspecified:
        return "which is nobody's address. Correct the URL."
    if not _is_public(address) and not private:
        return (
            "which is a private address. If that is meant, set Allow Private Addresses: "
            "allow_private_addresses = true."
        )
    return None


def _meant(address: _Address) -> _Address:
    """Return the IPv4 address that is written as one of IPv6, if it is."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if not address.is_loopback and any(address in network for network in _EMBEDDING):
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or address


def _is_public(address: _Address) -> bool:
    # Not is_global alone: what is given to nobody, or is out of use, is global to Python.
    reachable = isinstance(address, ipaddress.IPv4Address) or address in _PUBLIC
    return reachable and address.is_global


def _literal(host: str) -> _Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None
