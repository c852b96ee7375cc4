"""The leanest IMAP client that can be: octets in, octets counted out, so that it is not what is measured."""

from __future__ import annotations

import socket


class RawImap:
    """One connection. `tag` is the same for every command: answers never hold `\\r\\nQ7 ` otherwise."""

    def __init__(self, port: int, buffer: int = 1 << 20) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.settimeout(120)
        self._room = memoryview(bytearray(buffer))
        self.greeting = self.sock.recv(4096)

    def login(self, user: str, password: str) -> None:
        self.ask(f'LOGIN "{user}" "{password}"'.encode())

    def ask(self, command: bytes) -> bytes:
        """Sends a command and reads all of its answer; the answer's last octets, the tagged line among them."""
        self.sock.sendall(b"Q7 " + command + b"\r\n")
        return self.answer()

    def answer(self) -> bytes:
        """Reads up to the next tagged line. Raises SystemExit where it is no OK."""
        tail, room = b"\r\n", self._room
        while True:
            size = self.sock.recv_into(room)
            if not size:
                raise SystemExit(f"the server hung up after {tail[-200:]!r}")
            tail = (tail + bytes(room[max(0, size - 4096) : size]))[-4096:]
            at = tail.rfind(b"\r\nQ7 ")
            if at >= 0 and tail.endswith(b"\r\n") and tail.count(b"\r\n", at + 2) == 1:
                if tail[at + 5 : at + 7] != b"OK":
                    raise SystemExit(f"refused: {tail[at:]!r}")
                return tail

    def whole(self, command: bytes) -> bytes:
        """Sends a command and keeps all of its answer."""
        self.sock.sendall(b"Q7 " + command + b"\r\n")
        held = b"\r\n"
        while b"\r\nQ7 " not in held[-4096:] or not held.endswith(b"\r\n"):
            part = self.sock.recv(1 << 16)
            if not part:
                raise SystemExit("the server hung up")
            held += part
        return held[2:]

    def append(self, mailbox: str, *messages: bytes, flags: str = "") -> None:
        """APPEND, with more than one message MULTIAPPEND; answered when it is durable."""
        mode = f"({flags}) " if flags else ""
        parts = [f"Q7 APPEND {mailbox}".encode()]
        for message in messages:
            parts += [f" {mode}{{{len(message)}+}}\r\n".encode(), message]
        parts.append(b"\r\n")
        self.sock.sendall(b"".join(parts))
        self.answer()

    def close(self) -> None:
        self.sock.close()
