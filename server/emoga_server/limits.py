"""Every limit of the server in one place, so that an operator can see what a stranger could make it spend."""

from __future__ import annotations

import dataclasses

from emoga_protocol.messages import Limits as Wire

KIB = 1024
MIB = 1024 * KIB


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one client, and all clients together, may use. Sizes in bytes, times in seconds."""

    connections: int = 1000
    """Open sockets, HTTP and WebSocket together; the next one is answered 503."""
    inbound_message_bytes: int = Wire.MAX_INBOUND_BYTES
    inbound_queued: int = 8
    """Received messages waiting to be handled; beyond, the socket is not read."""
    inbound_per_second: float = Wire.MAX_MESSAGES_PER_SECOND
    inbound_burst: int = Wire.MAX_MESSAGE_BURST
    """A client may save up this many messages; above rate and burst it is dropped. Acknowledgements of frames
    in flight are free: there cannot be more of them than frames."""
    hello_seconds: float = 10.0
    """From the WebSocket handshake to HELLO."""

    reliable_messages: int = 256
    reliable_bytes: int = 8 * MIB
    """Queued reliable messages of one client; on overflow it is disconnected and resyncs when it returns."""
    pending_commands: int = 16
    """Commands of one client that are still being carried out, those that touch the disk or a worker."""
    bulk_requests: int = 256
    """Blobs that one client may have asked for over the WebSocket and not yet received."""
    chunk_bytes: int = Wire.BLOB_CHUNK_BYTES
    write_buffer_bytes: int = 64 * KIB
    stalled_seconds: float = 20.0
    """A client that accepts no byte for this long is dropped."""

    request_head_bytes: int = 16 * KIB
    request_seconds: float = 10.0
    keep_alive_seconds: float = 30.0

    min_frames_in_flight: int = 4
    rtt_window_seconds: float = 10.0


class TokenBucket:
    """Admits `rate` events a second with bursts of up to `burst`.

    >>> bucket = TokenBucket(rate=1.0, burst=2, now=0.0)
    >>> [bucket.take(0.0), bucket.take(0.0), bucket.take(0.0), bucket.take(1.0)]
    [True, True, False, True]
    """

    __slots__ = ("burst", "rate", "time", "tokens")

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self.rate, self.burst = rate, float(burst)
        self.tokens, self.time = float(burst), now

    def take(self, now: float) -> bool:
        """Whether one more event is admitted at time `now` (seconds, monotonic)."""
        self.tokens = min(self.burst, self.tokens + (now - self.time) * self.rate)
        self.time = now
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True

    def put_back(self) -> None:
        """The event that was admitted last does not count."""
        self.tokens += 1.0
