"""Where asyncio lives: accepting, TLS, PROXY, clocks, and the table of live connections."""
