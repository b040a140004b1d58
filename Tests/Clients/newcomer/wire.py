import re
import select
import socket
import time
from email.message import Message
from urllib.parse import urlsplit

from common import Answer, TIMEOUT_SECONDS


class BrokenAnswer(Exception):
    """The peer broke the rules of HTTP or closed the connection too early."""


class Wire:
    """One keep-alive connection that is opened again when the peer ends it."""

    def __init__(self, base):
        parts = urlsplit(base)
        self.host = parts.hostname
        self.port = parts.port or 80
        self._socket = None
        self._buffer = b""
        self.opened = 0

    def close(self):
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._buffer = b""

    def exchange(self, pieces, method):
        """Write one request, possibly in several pieces, and read its answer."""
        self._ready()
        self._write(pieces)
        return self._read_answer(method)

    def pipeline(self, requests):
        """Write several GET requests at once and read all their answers."""
        self._ready()
        self._write([b"".join(requests)])
        return [self._read_answer("GET") for _ in requests]

    def request_bytes(self, method, path, headers, body):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}:{self.port}"]
        lines += [f"{name}: {value}" for name, value in headers]
        head = "\r\n".join(lines) + "\r\n\r\n"
        return head.encode("utf-8") + body

    def _ready(self):
        """Open the connection unless a usable one is at hand.

        An idle connection that has become readable was closed by the peer, so
        it is replaced before the next request and no request is sent twice.
        """
        if self._socket is not None and select.select([self._socket], [], [], 0)[0]:
            self.close()
        if self._socket is None:
            self._socket = socket.create_connection((self.host, self.port), TIMEOUT_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.opened += 1

    def _write(self, pieces):
        """Write all pieces; a peer that stops reading may still have answered."""
        try:
            for number, piece in enumerate(pieces):
                if number:
                    time.sleep(0.02)
                self._socket.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            return

    def _more(self):
        if self._socket is None:
            raise BrokenAnswer("the connection was closed before a pipelined answer")
        try:
            data = self._socket.recv(65536)
        except OSError as error:
            self.close()
            raise BrokenAnswer(f"reading failed: {error}") from error
        if not data:
            self.close()
            raise BrokenAnswer("the connection was closed in the middle of an answer")
        self._buffer += data

    def _take_line(self):
        while b"\r\n" not in self._buffer:
            self._more()
        line, self._buffer = self._buffer.split(b"\r\n", 1)
        return line.decode("latin-1")

    def _take(self, count):
        while len(self._buffer) < count:
            self._more()
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def _take_until_close(self):
        try:
            while True:
                self._more()
        except BrokenAnswer:
            return b""

    def _take_chunks(self):
        body = b""
        while True:
            size = int(self._take_line().split(";")[0], 16)
            if size == 0:
                while self._take_line():
                    continue
                return body
            body += self._take(size)
            self._take(2)

    def _read_head(self):
        match = re.fullmatch(r"HTTP/1\.[01] (\d{3})( .*)?", self._take_line())
        if not match:
            self.close()
            raise BrokenAnswer("the status line is not HTTP/1.1")
        headers = Message()
        while line := self._take_line():
            name, _, value = line.partition(":")
            headers[name.strip()] = value.strip()
        return int(match.group(1)), headers

    def _read_body(self, method, status, headers):
        if method == "HEAD" or status in (204, 304):
            return b""
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._take_chunks()
        if "content-length" in headers:
            return self._take(int(headers["content-length"]))
        return self._take_until_close()

    def _read_answer(self, method):
        status, headers = self._read_head()
        while 100 <= status < 200:
            status, headers = self._read_head()
        body = self._read_body(method, status, headers)
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer("", status, headers, body)
