"""The frame window against simulated clients: no sockets, no clock."""

from __future__ import annotations

import pytest

from emoga_server.credits import FrameCredits

FPS = 60.0


class Reader:
    """A client on a path of `rtt` seconds that takes a frame every `period` seconds (0: at once).

    Acknowledges after 4 frames or 50 ms, as the protocol asks.
    """

    def __init__(self, rtt: float, period: float = 0.0) -> None:
        self.rtt, self.period = rtt, period
        self.waiting: list[tuple[float, int, float]] = []  # (arrival, seq, sent)
        self.acks: list[tuple[float, int]] = []  # (arrival at the server, seq)
        self.taken: list[tuple[float, float]] = []  # (time, age)
        self.free_at, self.pending, self.last_ack, self.newest = 0.0, 0, 0.0, -1

    def step(self, now: float) -> None:
        while self.waiting and max(self.waiting[0][0], self.free_at) <= now:
            arrival, seq, sent = self.waiting.pop(0)
            time = max(arrival, self.free_at)
            self.free_at = time + self.period
            self.taken.append((time, time - sent))
            self.newest, self.pending = seq, self.pending + 1
            if self.pending >= 4:
                self.acknowledge(time)
        if self.pending and now - self.last_ack >= 0.05:
            self.acknowledge(now)

    def acknowledge(self, time: float) -> None:
        self.acks.append((time + self.rtt / 2, self.newest))
        self.pending, self.last_ack = 0, time


class Stream:
    """A server's stream to one reader, with a time step of 1 ms."""

    def __init__(self, reader: Reader) -> None:
        self.reader, self.credits = reader, FrameCredits(FPS)
        self.milliseconds = self.seq = self.sent = 0

    def run(self, seconds: float) -> None:
        reader, end = self.reader, self.milliseconds + int(seconds * 1000)
        while self.milliseconds < end:
            now = self.milliseconds / 1000
            while reader.acks and reader.acks[0][0] <= now:
                self.credits.acknowledge(reader.acks.pop(0)[1], now)
            if now * FPS >= self.seq:
                if self.credits.admit(self.seq, now):
                    reader.waiting.append((now + reader.rtt / 2, self.seq, now))
                    self.sent += 1
                self.seq += 1
            reader.step(now)
            self.milliseconds += 1


@pytest.mark.parametrize("rtt", [0.0, 0.002, 0.01])
def test_a_near_client_that_keeps_up_misses_nothing(rtt):
    stream = Stream(Reader(rtt))
    stream.run(30.0)
    assert stream.credits.skipped == 0
    assert stream.sent == 30 * FPS


@pytest.mark.parametrize("rtt", [0.05, 0.15, 0.3])
def test_a_far_client_gets_the_full_rate_once_its_round_trip_is_known(rtt):
    stream = Stream(Reader(rtt))
    stream.run(10.0)
    # the window has to grow first: a few seconds below the full rate
    assert stream.sent >= 5 * FPS
    skipped = stream.credits.skipped
    stream.run(50.0)
    assert stream.credits.skipped == skipped
    assert stream.credits.limit <= (rtt + 0.11) * FPS + 2


@pytest.mark.parametrize(("frames_per_second", "seconds"), [(5.0, 1.0), (20.0, 0.25), (40.0, 0.2)])
def test_a_slow_client_never_lags_more_than_its_window(frames_per_second, seconds):
    reader = Reader(0.001, 1.0 / frames_per_second)
    stream = Stream(reader)
    stream.run(60.0)
    late = [age for time, age in reader.taken if time > 1.0]
    assert max(late) <= seconds
    # it still gets as much as it can take
    assert len(reader.taken) >= 0.85 * 60 * frames_per_second
    assert stream.credits.limit <= 8


def test_a_client_that_stops_reading_stops_receiving_and_recovers():
    credits = FrameCredits(FPS)
    admitted = [seq for seq in range(600) if credits.admit(seq, seq / FPS)]
    assert admitted == [0, 1, 2, 3]
    assert credits.in_flight == 4
    credits.acknowledge(3, 10.0)
    assert credits.admit(600, 10.01)


def test_window_follows_a_path_that_becomes_longer():
    reader = Reader(0.01)
    stream = Stream(reader)
    stream.run(5.0)
    before = stream.credits.limit
    reader.rtt = 0.2
    stream.run(30.0)
    assert stream.credits.limit > before
    skipped = stream.credits.skipped
    stream.run(15.0)
    assert stream.credits.skipped == skipped


def test_acknowledgements_of_frames_never_sent_are_ignored():
    credits = FrameCredits(FPS)
    for seq in range(4):
        credits.admit(seq, 0.0)
    credits.acknowledge(1, 0.1)
    credits.acknowledge(0, 0.1)
    assert credits.in_flight == 2
    credits.acknowledge(2**63, 0.1)
    assert credits.in_flight == 0
