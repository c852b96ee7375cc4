"""SMTP without a socket (RFC 5321): commands in, replies out, message content in between."""
