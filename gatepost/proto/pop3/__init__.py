"""POP3 without a socket (RFC 1939, RFC 2449): commands in, replies and dot-stuffed octets out."""
