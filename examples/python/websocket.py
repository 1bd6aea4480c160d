"""A WebSocket client of the plainest kind: RFC 6455 over a plain TCP socket, with nothing but the standard library.

Owns the handshake and the frames of one connection. Never reconnects and never looks into a text. It answers pings by itself.
Invariant: `receive` returns whole messages only, and a connection that failed stays failed.
"""

import base64
import hashlib
import os
import socket
import struct

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Closed(ConnectionError):
    """The connection is over. `code` is the one of the close frame, or None where it broke."""

    def __init__(self, why, code=None):
        super().__init__(why)
        self.code = code


class Refused(ConnectionError):
    """The handshake was answered with something else than 101. `retry_after` is in seconds, or None."""

    def __init__(self, status, retry_after, body):
        super().__init__(f"the recorder answered {status}: {body}")
        self.status = status
        self.retry_after = retry_after


class WebSocket:
    def __init__(self, host, port, path, token=None, wait=10.0):
        self._read = bytearray()
        self._parts = []
        self._socket = socket.create_connection((host, port), timeout=wait)
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._shake_hands(host, port, path, token)
        except BaseException:
            self._socket.close()
            raise

    def send(self, text):
        """Sends one text frame; blocks while the recorder takes no more."""
        self._send_frame(TEXT, text.encode())

    def receive(self, wait):
        """The next text, or None where none came in so many seconds. Pings are answered here, so call it often."""
        self._socket.settimeout(max(wait, 0.001))
        while True:
            frame = self._take_frame()
            if frame is None:
                try:
                    piece = self._socket.recv(65536)
                except (BlockingIOError, TimeoutError, socket.timeout):
                    return None
                except OSError as error:
                    raise Closed(str(error)) from None
                if not piece:
                    raise Closed("the connection broke")
                self._read += piece
                continue
            text = self._handle(*frame)
            if text is not None:
                return text

    def close(self, code=1000):
        """Says goodbye, where that is still possible."""
        try:
            self._send_frame(CLOSE, struct.pack(">H", code))
        except ConnectionError:
            pass
        self._socket.close()

    def _handle(self, final, opcode, payload):
        if opcode == PING:
            self._send_frame(PONG, payload)
            return ""  # a sign of life
        if opcode == PONG:
            return ""
        if opcode == CLOSE:
            code = struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1005
            self.close(code if code != 1005 else 1000)
            raise Closed(f"the recorder closed with {code}", code)
        self._parts.append(payload)
        if not final:
            return None
        message, self._parts = b"".join(self._parts), []
        return message.decode()

    def _take_frame(self):
        """The first whole frame of what was read, taken out of it; None where there is none yet."""
        read = self._read
        if len(read) < 2:
            return None
        length, at = read[1] & 0x7F, 2
        if length == 126:
            length, at = (struct.unpack_from(">H", read, 2)[0] if len(read) >= 4 else None), 4
        elif length == 127:
            length, at = (struct.unpack_from(">Q", read, 2)[0] if len(read) >= 10 else None), 10
        if length is None or len(read) < at + length:
            return None
        final, opcode, payload = bool(read[0] & 0x80), read[0] & 0x0F, bytes(read[at : at + length])
        del read[: at + length]
        return final, opcode, payload

    def _send_frame(self, opcode, payload):
        mask = os.urandom(4)
        if len(payload) < 126:
            head = struct.pack(">BB", 0x80 | opcode, 0x80 | len(payload))
        elif len(payload) < 65536:
            head = struct.pack(">BBH", 0x80 | opcode, 0x80 | 126, len(payload))
        else:
            head = struct.pack(">BBQ", 0x80 | opcode, 0x80 | 127, len(payload))
        # masked as one large number: quick without a loop over bytes
        stream = (mask * (len(payload) // 4 + 1))[: len(payload)]
        masked = (int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(payload), "big")
        try:
            self._socket.settimeout(30)
            self._socket.sendall(head + mask + masked)
        except OSError as error:
            raise Closed(str(error)) from None

    def _shake_hands(self, host, port, path, token):
        key = base64.b64encode(os.urandom(16))
        name = f"[{host}]" if ":" in host else host
        lines = [f"GET {path} HTTP/1.1", f"Host: {name}:{port}", "Upgrade: websocket", "Connection: Upgrade"]
        lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key.decode()}"]
        if token:
            lines.append(f"Authorization: Bearer {token}")
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self._read:
            piece = self._socket.recv(65536)
            if not piece:
                raise Closed("the connection broke in the handshake")
            self._read += piece
        head, _, rest = bytes(self._read).partition(b"\r\n\r\n")
        self._read = bytearray(rest)
        first, *rows = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (row.partition(":") for row in rows)}
        status = int(first.split(" ")[1])
        if status != 101:
            after = headers.get("retry-after", "")
            raise Refused(status, int(after) if after.isdigit() else None, rest.decode(errors="replace")[:200])
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
        if headers.get("sec-websocket-accept") != accept:
            raise Closed("this is no WebSocket server")
