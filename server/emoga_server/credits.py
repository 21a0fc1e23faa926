"""How many frames may be on their way to one client.

Kernel and proxy buffers happily hold seconds of frames for a client that reads slowly, so "the newest frame wins"
on the server's side bounds nothing. Instead the client acknowledges frames (cumulatively), and the server keeps at
most `max(4, RTT x fps + 2)` of them in flight and skips the others.

The round trip has to be the path's own. A frame sent behind others also waits for the client to work through those,
and a window sized by that time would grow without end: more in flight, longer wait, larger window. So a round trip
is measured only on a frame sent while nothing else was in flight, and the smallest of the last ten seconds counts.
A client that keeps up has such moments by itself, or does not need them: while no frame is skipped the old estimate
stands. One that falls behind is let run dry once per ten seconds, and measured on the next frame.
"""

from __future__ import annotations

from collections import deque


class FrameCredits:
    """The frames in flight to one client.

    Args:
        fps: frames the server produces per second.
        minimum: frames that may be in flight whatever the round trip.
        window: seconds over which the smallest round trip counts.
    """

    __slots__ = (
        "_clean",
        "_draining",
        "_in_flight",
        "_skipped_since",
        "_window",
        "acked",
        "fps",
        "limit",
        "minimum",
        "rtt",
        "samples",
        "skipped",
    )

    def __init__(self, fps: float, minimum: int = 4, window: float = 10.0) -> None:
        self.fps, self.minimum, self._window = fps, minimum, window
        self.limit = minimum
        self.rtt: float | None = None
        self.samples: deque[tuple[float, float]] = (
            deque()
        )  # (time, rtt): rising in both, the first is the minimum
        self.acked = -1
        self.skipped = 0
        self._in_flight: deque[tuple[int, float]] = deque()  # (seq, time sent)
        self._clean: int | None = None  # seq of the frame that was sent alone
        self._draining = False
        self._skipped_since = False

    @property
    def in_flight(self) -> int:
        """Frames sent and not yet acknowledged."""
        return len(self._in_flight)

    def admit(self, seq: int, now: float) -> bool:
        """Whether frame `seq` may be sent at time `now`; if so, it counts as sent."""
        count = len(self._in_flight)
        if count and (self._draining or count >= self.limit):
            self.skipped += 1
            self._skipped_since = True
            self._expire(now)
            return False
        if not count:
            self._clean = seq
            self._draining = False
        self._in_flight.append((seq, now))
        return True

    def acknowledge(self, seq: int, now: float) -> None:
        """The client has applied or superseded every frame up to `seq`. Frames never sent are ignored."""
        queue = self._in_flight
        if seq <= self.acked or not queue or seq < queue[0][0]:
            return
        self.acked = seq
        clean = self._clean
        while queue and queue[0][0] <= seq:
            sent_seq, sent = queue.popleft()
            if sent_seq == clean:
                self._clean = None
                self._measure(now - sent, now)

    def _measure(self, rtt: float, now: float) -> None:
        samples = self.samples
        while samples and samples[-1][1] >= rtt:
            samples.pop()
        samples.append((now, rtt))
        self._skipped_since = False
        self._expire(now)
        self.rtt = samples[0][1]
        self.limit = max(self.minimum, int(self.rtt * self.fps + 2))

    def _expire(self, now: float) -> None:
        """Forgets samples older than the window; without any left, and frames being skipped, runs dry to measure."""
        samples = self.samples
        while len(samples) > 1 and now - samples[0][0] > self._window:
            samples.popleft()
        if samples and now - samples[0][0] > self._window and self._skipped_since:
            samples.clear()
            self._draining = self.limit > self.minimum
