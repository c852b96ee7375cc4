"""One package a protocol, independent of each other: the conversation, its options, and how errors become replies."""
