"""SMTP on the MX port, and submission (RFC 5321, RFC 6409)."""
