"""ManageSieve without a socket (RFC 5804): commands in, replies out."""
