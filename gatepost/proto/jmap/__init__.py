"""JMAP without HTTP and without a store: JSON in, values out, and back (RFC 8620, RFC 8621). Pure; no input raises anything
but the errors named in `errors`."""
