"""The administration socket: what the command line asks of a running server."""
