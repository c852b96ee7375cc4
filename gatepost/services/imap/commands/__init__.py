"""What each command does: one file a group, each with a table from the command's type to its handler."""
