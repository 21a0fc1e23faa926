"""How many frames may be on their way to one client.

Kernel and proxy buffers happily hold seconds of frames for a client that reads slowly, so "the newest
frame wins" on the server's side bounds nothing. Instead the client acknowledges frames (cumulatively), and
the server keeps at most `max(4, rate x (RTT + 50 ms) + 2)` of them in flight and skips the others. The
50 ms are the longest that a client may hold an acknowledgement back.

Neither number may be measured on a queue of our own making, or the window would feed itself:

- A frame sent behind others also waits for the client to work through those. So a round trip is measured
  only on a frame sent while nothing else was in flight; the smallest of ten seconds counts. A client that
  keeps up keeps its old estimate; one that falls behind is let run dry once in ten seconds to measure anew.
- The rate is the stream's own for a client that misses nothing, else a quarter more than the client has
  lately acknowledged: the window of a distant client grows until it misses nothing, that of a slow one
  settles where a larger window brings no more frames.
"""

from __future__ import annotations

from collections import deque

from emoga_protocol.messages import Limits

ACK_DELAY = Limits.ACK_EVERY_MS / 1000
"""Seconds a client may hold an acknowledgement back (`limits.ack_every_ms` of the protocol)."""
RATE_PERIOD = 0.5
"""Seconds over which the rate of acknowledged frames is counted."""
GROWTH = 1.25


class FrameCredits:
    """The frames in flight to one client. Times are seconds on the caller's clock.

    Args:
        fps: frames the server produces per second.
        minimum: frames that may be in flight whatever the round trip.
        window: seconds over which the smallest round trip counts.
    """

    __slots__ = (
        "_alone",
        "_delivered",
        "_draining",
        "_in_flight",
        "_period_start",
        "_samples",
        "_skipped_in_period",
        "_skipped_since_sample",
        "_window",
        "acked",
        "fps",
        "limit",
        "minimum",
        "rate",
        "rtt",
        "skipped",
    )

    def __init__(self, fps: float, minimum: int = 4, window: float = 10.0) -> None:
        self.fps, self.minimum, self._window = fps, minimum, window
        self.limit = minimum
        self.rtt = 0.0
        self.rate = 0.0
        self.acked = -1
        self.skipped = 0
        self._in_flight: deque[tuple[int, float]] = deque()  # (seq, time sent)
        self._alone = -1  # seq of the frame that was sent while nothing was in flight
        self._samples: deque[tuple[float, float]] = deque()  # (time, rtt), both rising: the first is smallest
        self._draining = False
        self._skipped_since_sample = False
        self._skipped_in_period = False
        self._delivered = 0
        self._period_start: float | None = None

    @property
    def in_flight(self) -> int:
        """Frames sent and not yet acknowledged."""
        return len(self._in_flight)

    def admit(self, seq: int, now: float) -> bool:
        """Whether frame `seq` may be sent at time `now`; if so, it counts as sent."""
        count = len(self._in_flight)
        if count and (self._draining or count >= self.limit):
            self.skipped += 1
            self._skipped_since_sample = self._skipped_in_period = True
            self._forget_old(now)
            return False
        if not count:
            self._alone = seq
            self._draining = False
        self._in_flight.append((seq, now))
        if self._period_start is None:
            self._period_start = now
        return True

    def acknowledge(self, seq: int, now: float) -> bool:
        """The client has applied or superseded every frame up to `seq`; whether any was in flight."""
        queue = self._in_flight
        if seq <= self.acked or not queue or seq < queue[0][0]:
            return False
        self.acked = seq
        while queue and queue[0][0] <= seq:
            sent_seq, sent = queue.popleft()
            self._delivered += 1
            if sent_seq == self._alone:
                self._measure(now - sent, now)
        start = self._period_start or 0.0
        if now - start >= RATE_PERIOD:
            measured = GROWTH * self._delivered / (now - start) if self._skipped_in_period else self.fps
            self.rate = min(self.fps, measured)
            self._period_start, self._delivered, self._skipped_in_period = now, 0, False
            self._resize()
        return True

    def _measure(self, rtt: float, now: float) -> None:
        samples = self._samples
        while samples and samples[-1][1] >= rtt:
            samples.pop()
        samples.append((now, rtt))
        self._skipped_since_sample = False
        self._forget_old(now)
        self.rtt = samples[0][1]
        self._resize()

    def _resize(self) -> None:
        self.limit = max(self.minimum, int(self.rate * (self.rtt + ACK_DELAY) + 2))

    def _forget_old(self, now: float) -> None:
        """Drops round trips older than the window; with frames being skipped and none left, runs dry."""
        samples = self._samples
        while len(samples) > 1 and now - samples[0][0] > self._window:
            samples.popleft()
        if samples and now - samples[0][0] > self._window and self._skipped_since_sample:
            samples.clear()
            self._draining = True
