"""Sans-I/O engines and grammars: bytes in, events out, replies in, bytes out. No clock, no socket (see `engine`)."""
