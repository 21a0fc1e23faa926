"""Everybody who watches: the clients that have been greeted, and what they can take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from emoga_server.connection import Connection


class Member(Protocol):
    """What one client can take; it says so when it is greeted."""

    inline_states: bool
    pictures: bool


class Audience:
    """The connected clients. Nobody is told anything of what is on stage before being greeted."""

    def __init__(self) -> None:
        self.members: dict[Connection, Member] = {}

    def __len__(self) -> int:
        return len(self.members)

    def join(self, connection: Connection, member: Member) -> None:
        """A client has connected; it is greeted once its connection streams."""
        self.members[connection] = member

    def leave(self, connection: Connection) -> None:
        """Its connection has ended."""
        del self.members[connection]

    def viewers(self) -> Iterator[Connection]:
        """The clients that have been greeted."""
        return (connection for connection, _ in self._greeted())

    def _greeted(self) -> Iterator[tuple[Connection, Member]]:
        return ((c, m) for c, m in list(self.members.items()) if c.streaming and c.is_open)

    def send(self, data: bytes) -> None:
        """A reliable message to everybody."""
        for connection in self.viewers():
            connection.send(data)

    def send_latest(self, key: str, data: bytes) -> None:
        """A message that replaces the unsent one of the same key."""
        for connection in self.viewers():
            connection.send_latest(key, data)

    def forget_latest(self, key: str) -> None:
        """Takes back what `send_latest` has not sent yet."""
        for connection in self.viewers():
            connection.forget_latest(key)

    def send_state(self, short: bytes, inline: bytes, key: str | None = None) -> None:
        """STATE_PUT, with the blob in it to whoever can take it so.

        Args:
            key: None: reliable; else as with `send_latest`.
        """
        for connection, member in self._greeted():
            data = inline if member.inline_states else short
            if key is None:
                connection.send(data)
            else:
                connection.send_latest(key, data)

    def send_picture(self, key: str, data: bytes) -> None:
        """A picture to whoever wants pictures."""
        for connection, member in self._greeted():
            if member.pictures:
                connection.send_latest(key, data)
