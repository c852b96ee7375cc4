"""The doors: `auth` (the one way in), `intake` (the one way a message enters), `mailbox` (the one way mail is read or changed)."""
