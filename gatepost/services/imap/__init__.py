"""IMAP4rev2 and rev1 (RFC 9051, RFC 3501)."""
