"""What the ports become: SQLite, password hashing, memory."""
