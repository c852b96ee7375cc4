"""Values to octets: what a server says, each form in one place. Nothing here decides anything."""
