"""One round of an attacker who gets himself banned while he holds connections open: when each of them ended."""

from __future__ import annotations

import base64
import selectors
import socket
import ssl
import struct
import threading
import time

from measuring import GRACE, GRACE_PASSWORD

LIMIT = 10
_RESET = struct.pack("ii", 1, 0)


class BanRound:
    """`run`, then `dropped` (the first connection that got nothing) and `ended` (by door), in seconds since the epoch."""

    def __init__(self, ports: dict[str, int], source: str) -> None:
        self._ports, self.source = ports, source
        self.dropped = 0.0
        self.ended: dict[str, float] = {}
        self._open: dict[str, socket.socket] = {}

    def run(self) -> None:
        """Opens, guesses, is banned."""
        self._hold()
        watcher = threading.Thread(target=self._watch, daemon=True)
        watcher.start()
        for number in range(LIMIT):
            if number == LIMIT - 1:
                prober = threading.Thread(target=self._probe)
                prober.start()
            self._guess(number)
        prober.join(30)
        watcher.join(30)
        for sock in self._open.values():
            sock.close()

    # -- what is open ----------------------------------------------------------------------------------------------------
    def _hold(self) -> None:
        token = base64.b64encode(f"{GRACE}:{GRACE_PASSWORD}".encode()).decode()
        sign_in = f'a LOGIN "{GRACE}" "{GRACE_PASSWORD}"\r\nb SELECT INBOX\r\nc IDLE\r\n'.encode()
        get = f"GET /jmap/session HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {token}\r\n\r\n".encode()
        self._keep("imap, in IDLE", "imap", sign_in, b"+ ")
        self._keep("imaps, in IDLE", "imaps", sign_in, b"+ ")
        self._keep("http, keep-alive", "http", get, b"apiUrl")
        self._keep("https, keep-alive", "https", get, b"apiUrl")
        self._keep("submission, after EHLO", "submission", b"EHLO x\r\n", b"\r\n250 ")
        self._keep("pop3, signed in", "pop3", f"USER {GRACE}\r\nPASS {GRACE_PASSWORD}\r\n".encode(), b"+OK", 3)
        self._keep("managesieve, greeted", "managesieve", b"", b"\r\nOK")

    def _keep(self, name: str, door: str, words: bytes, mark: bytes, times: int = 1) -> None:
        sock = self._connect(door)
        if door in ("imaps", "https"):
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            sock = context.wrap_socket(sock)
        heard = b"\r\n"
        if not door.startswith("http"):
            heard += sock.recv(4096)  # the greeting: who talks before it is no client
        sock.sendall(words)
        while heard.count(mark) < times:
            octets = sock.recv(65536)
            assert octets, (name, heard)
            heard += octets
        self._open[name] = sock

    def _watch(self) -> None:
        """Each connection's end, by the bare socket: TLS has nothing to say about a reset."""
        selector = selectors.DefaultSelector()
        for name, sock in self._open.items():
            selector.register(sock.fileno(), selectors.EVENT_READ, name)
        while len(self.ended) < len(self._open):
            for key, _ in selector.select(30):
                name = str(key.data)
                try:
                    octets = self._open[name].recv(65536)
                except OSError:
                    octets = b""
                if not octets:
                    self.ended[name] = time.time()
                    selector.unregister(key.fileobj)

    # -- guessing and being dropped ----------------------------------------------------------------------------------------
    def _guess(self, number: int) -> None:
        """At another login each time: of a login's last wrong passwords only 16 bits are known, and one in 4,096 looks repeated."""
        try:
            with self._connect("imap") as sock:
                sock.recv(4096)
                sock.sendall(f'a LOGIN "user{number}.{self.source}@example.org" "guess-{number}"\r\n'.encode())
                sock.recv(4096)
        except OSError:
            return

    def _probe(self) -> None:
        """Connects again and again until nothing is said any more."""
        ends = time.time() + 20
        while time.time() < ends:
            try:
                with self._connect("smtp") as sock:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    if sock.recv(1):
                        continue
            except OSError:
                pass
            self.dropped = time.time()
            return

    def _connect(self, door: str) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._ports[door]), timeout=20, source_address=(self.source, 0))
