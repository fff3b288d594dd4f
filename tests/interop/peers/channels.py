"""A peer's side of data channels, for libraries in Python: sends back what comes, and says what came."""

import collections
import dataclasses
import hashlib
from typing import Callable

MOST_BUFFERED = 1 << 20


@dataclasses.dataclass
class Line:
    """A channel, by the calls that its library has for it, and what has come on it."""

    label: str
    send: Callable  # Of str or bytes.
    buffered: Callable[[], int]
    close: Callable[[], None]
    parameters: Callable[[], dict]
    received: object = dataclasses.field(default_factory=hashlib.sha256)
    messages: int = 0
    size: int = 0
    closed: bool = False
    waiting: collections.deque = dataclasses.field(default_factory=collections.deque)
    known: dict = dataclasses.field(default_factory=dict)


class Channels:
    def __init__(self, tell: Callable[[dict], None]):
        self.tell = tell
        self.lines = []

    def use(self, line: Line) -> Line:
        line.known = line.parameters()
        self.lines.append(line)
        return line

    def handle_message(self, line: Line, message) -> None:
        """A text "close" closes the channel; everything else goes back."""
        data = message.encode() if isinstance(message, str) else message
        line.messages += 1
        line.size += len(data)
        line.received.update(data)
        line.known = line.parameters()
        if message == "close":
            line.close()
            return
        line.waiting.append(message)
        self.send(line)

    def send(self, line: Line) -> None:
        while line.waiting and line.buffered() < MOST_BUFFERED:
            line.send(line.waiting.popleft())

    def handle_close(self, line: Line) -> None:
        if not line.closed:
            line.closed = True
            self.tell({"closed": line.label})

    def result(self) -> list:
        return [
            {
                "label": line.label,
                **line.known,
                "closed": line.closed,
                "received": {"messages": line.messages, "bytes": line.size, "sha256": line.received.hexdigest()},
            }
            for line in self.lines
        ]
