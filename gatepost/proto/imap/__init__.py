"""IMAP4rev2 and IMAP4rev1 (RFC 9051, RFC 3501) as values: an engine, a grammar, and rendering. No sessions, no mail."""
