"""Hundreds of stream clients in one process, for measuring a hub: raw sockets, epoll, no decoding.

Run as `python -m emoga_server.bench.hub_clients PORT COUNT SECONDS [--slow FPS]`; prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import resource
import select
import socket
import struct
import time
from dataclasses import dataclass, field

from emoga_protocol.codec import encode, encode_ack
from emoga_protocol.messages import PROTOCOL_VERSION, SUBPROTOCOL, Hello, Limits, MessageType

_SEQ_TIME = struct.Struct("<8xQQ")  # from the header's start: seq, then the body's time
_PING, _PONG = 9, 10
_ACK_SECONDS = Limits.ACK_EVERY_MS / 1000
WARM_UP = 2.0
"""Seconds before counting: frame windows have to find their size."""


def masked(data: bytes, opcode: int = 2) -> bytes:
    """A client's WebSocket frame (binary, unless told) of less than 126 bytes, with a mask of zeros."""
    return bytes((0x80 | opcode, 0x80 | len(data), 0, 0, 0, 0)) + data


@dataclass
class StreamClient:
    """One connection: counts frames, gaps and ages, and acknowledges as the protocol asks."""

    socket: socket.socket
    data: bytes = b""
    last: int = 0
    unacknowledged: int = 0
    acknowledged_at: float = 0.0
    frames: int = 0
    missed: int = 0
    ages: list[float] = field(default_factory=list)

    @staticmethod
    def connect(port: int) -> StreamClient:
        """Shakes hands and says HELLO."""
        made = socket.create_connection(("127.0.0.1", port))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.sendall(
            f"GET /ws HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n".encode()
        )
        received = b""
        while b"\r\n\r\n" not in received:
            piece = made.recv(4096)
            if not piece:
                raise ConnectionError(received.decode("latin-1") or "the hub closed the connection")
            received += piece
        head, _, rest = received.partition(b"\r\n\r\n")
        if b" 101 " not in head:
            raise ConnectionError(head.decode("latin-1"))
        made.sendall(masked(encode(Hello(versions=[PROTOCOL_VERSION], client="emoga bench"))))
        made.setblocking(False)
        return StreamClient(made, rest)

    def take(self, now: float, counting: bool, most: int = 1 << 30) -> int:
        """Handles up to `most` frames of what has been received; returns how many."""
        data, start, taken = self.data, 0, 0
        while taken < most and len(data) - start >= 2:
            size, head = data[start + 1] & 127, 2
            if size == 126:
                size, head = int.from_bytes(data[start + 2 : start + 4], "big"), 4
            elif size == 127:
                size, head = int.from_bytes(data[start + 2 : start + 10], "big"), 10
            body = start + head
            if len(data) < body + size:
                break
            if size > 32 and data[body + 1] == MessageType.FRAME:
                seq, microseconds = _SEQ_TIME.unpack_from(data, body)
                self._frame(seq, microseconds, now, counting)
                taken += 1
            elif data[start] & 15 == _PING:
                self.socket.send(masked(data[body : body + size], _PONG))
            start = body + size
        self.data = data[start:]
        return taken

    def _frame(self, seq: int, microseconds: int, now: float, counting: bool) -> None:
        if counting:
            self.frames += 1
            self.missed += seq - self.last - 1
            self.ages.append(now - microseconds * 1e-6)
        self.last = seq
        self.unacknowledged += 1
        if self.unacknowledged >= Limits.ACK_EVERY_FRAMES or now - self.acknowledged_at >= _ACK_SECONDS:
            self.socket.send(masked(encode_ack(seq)))
            self.unacknowledged, self.acknowledged_at = 0, now


def follow(
    port: int, count: int, seconds: float, slow_fps: float = 0.0, warm_up: float = WARM_UP
) -> dict[str, float]:
    """Follows the stream with `count` clients that keep up, and one that takes `slow_fps` frames a second."""
    clients = [StreamClient.connect(port) for _ in range(count)]
    slow = StreamClient.connect(port) if slow_fps else None
    poll = select.epoll()
    by_number = {client.socket.fileno(): client for client in clients}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    begin = time.monotonic() + warm_up
    end, slow_due = begin + seconds, 0.0
    print("started", flush=True)
    while (now := time.monotonic()) < end:
        counting = now >= begin
        for number, _ in poll.poll(0.005 if slow else 0.05):
            client = by_number[number]
            client.data += client.socket.recv(65536)
            client.take(time.monotonic(), counting)
        if slow and now >= slow_due:
            slow_due = max(now, slow_due + 1.0 / slow_fps)
            while not slow.take(now, counting, 1):
                try:
                    slow.data += slow.socket.recv(512)
                except BlockingIOError:
                    break
    ages = sorted(age for client in clients for age in client.ages) or [0.0]
    slow_ages = sorted(slow.ages) if slow and slow.ages else [0.0]
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "frames": sum(client.frames for client in clients),
        "missed": sum(client.missed for client in clients),
        "age_p50_ms": 1e3 * ages[len(ages) // 2],
        "age_p99_ms": 1e3 * ages[int(len(ages) * 0.99)],
        "slow_frames": len(slow_ages),
        "slow_p50_ms": 1e3 * slow_ages[len(slow_ages) // 2],
        "slow_p99_ms": 1e3 * slow_ages[int(len(slow_ages) * 0.99)],
        "client_cpu_seconds": usage.ru_utime + usage.ru_stime,
    }


def main() -> None:
    """The process's entry point."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--slow", type=float, default=0.0)
    given = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, given.count + 100)), hard))
    print(json.dumps(follow(given.port, given.count, given.seconds, given.slow)), flush=True)


if __name__ == "__main__":
    main()
