"""Paths that only scanners ask a mail server for: they look for other people's software and its holes."""

from __future__ import annotations

_BEGINNINGS = (
    "/.env",
    "/.git",
    "/.aws",
    "/.ssh",
    "/.svn",
    "/.vscode",
    "/.ds_store",
    "/actuator",
    "/boaform",
    "/cgi-bin",
    "/ecp",
    "/geoserver",
    "/hnap1",
    "/owa",
    "/phpmyadmin",
    "/pma",
    "/remote/fgt_lang",
    "/sdk",
    "/server-status",
    "/solr",
    "/vendor/phpunit",
    "/wordpress",
    "/wp-admin",
    "/wp-content",
    "/wp-includes",
    "/wp-login",
    "/xmlrpc",
)
_ENDINGS = (".php", ".asp", ".aspx", ".jsp", ".cgi", ".env", ".sql", ".bak", "/etc/passwd")


def is_scanner_path(path: str) -> bool:
    """Whether no client of ours, no browser and no mail program would ask for it."""
    lower = path.lower()
    return lower.startswith(_BEGINNINGS) or lower.endswith(_ENDINGS)
