"""The example client with one fault, which `chasm conformance` has to find: `faulty.py FAULT`.

Each fault is a small change of something that the example does right. Never used for anything but the tests.
"""

import contextlib
import io
import json
import os
import queue
import sys
import threading
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "examples", "python"))

from chasm_client import Client  # noqa: E402
from record import record  # noqa: E402


class Forgets(Client):
    """Takes what was on the way for recorded when the connection is lost."""

    def _lost(self, error):
        self.outbox.drop(self._frames)
        super()._lost(error)


def renew(outbox):
    """Makes new events of those that wait."""
    waiting, outbox.waiting = outbox.waiting, {}
    for (session, _), text in waiting.items():
        event = json.loads(text)
        event["event_id"] = str(uuid.uuid4())
        outbox.waiting[(session, event["event_id"])] = json.dumps(event)


class NewIds(Client):
    """Makes new events of what it sends again."""

    def _lost(self, error):
        renew(self.outbox)
        super()._lost(error)

    def _drop_what_is_there(self, sessions):
        pass


class Memory(Client):
    """Keeps the counters on disk, and the events in memory."""

    def __init__(self):
        super().__init__()
        self._note = self.outbox._write
        self.outbox._write = lambda line: None
        self.outbox._write_anew = lambda: None

    def record(self, session, event_type, **data):
        super().record(session, event_type, **data)
        self._note(json.dumps({"next_seq": self.outbox.next_seq}))


class ForgetsIds(Client):
    """Keeps what was said, and makes a new event of it when it starts again."""

    def __init__(self):
        super().__init__()
        renew(self.outbox)

    def _drop_what_is_there(self, sessions):
        pass


class Recounts(Client):
    """Begins to count anew when it starts again."""

    def __init__(self):
        super().__init__()
        self.outbox.next_seq = {}

    def _drop_what_is_there(self, sessions):
        pass


class IgnoresPause(Client):
    """Hears of the pause, and sends on."""

    def _take(self, frame):
        super()._take(frame)
        self._paused = False


class Patient(Client):
    """Waits for ever on a connection that says nothing."""

    def _take(self, frame):
        super()._take(frame)
        self._heartbeat = 3600.0


class Hammers(Client):
    """Tries again at once."""

    def _lost(self, error):
        super()._lost(error)
        self._failures = 0
        self._not_before = 0.0


class DropsLast(Client):
    """Ends when the last frame is sent, not when it is acknowledged."""

    def is_done(self):
        return self._socket is None or set(self.outbox.waiting) <= self._sent


class Reverses(Client):
    """Numbers events when it sends them, the latest first."""


class Takes:
    """What is done with a line; each fault here is one of a program's own way from stdin to the client."""

    def __init__(self, fault):
        self._take = getattr(self, fault.replace("-", "_"), record)
        self._pieces = []

    def __call__(self, client, item):
        self._take(client, item)

    def no_pieces(self, client, item):
        """Lets them by without a word."""
        if item["kind"] == "message":
            record(client, item)

    def skips_pieces(self, client, item):
        """Not a fault: it says so."""
        if item["kind"] == "message":
            record(client, item)
        else:
            print('{"kind":"skipped"}', flush=True)

    def mixes_pieces(self, client, item):
        """Sends them when the answer is whole, the latest first."""
        if item["kind"] == "delta":
            self._pieces.append(item)
            return
        while self._pieces:
            record(client, self._pieces.pop())
        record(client, item)

    def repeats_pieces(self, client, item):
        """Sends them again when the answer is whole, as new events."""
        if item["kind"] == "delta":
            self._pieces.append(item)
        else:
            while self._pieces:
                record(client, self._pieces.pop(0))
        record(client, item)

    def closes_anew(self, client, item):
        """The whole is a message of its own."""
        if item["kind"] == "message":
            item.pop("message_id", None)
        record(client, item)

    def silent(self, client, item):
        """Not a fault: it keeps everything, and never says so."""
        with contextlib.redirect_stdout(io.StringIO()):
            record(client, item)

    silent_memory = silent


FAULTS = {
    "none": Client,
    "forgets": Forgets,
    "new-ids": NewIds,
    "ignores-pause": IgnoresPause,
    "patient": Patient,
    "hammers": Hammers,
    "drops-last": DropsLast,
    "reverses": Reverses,
    "memory": Memory,
    "silent-memory": Memory,
    "forgets-ids": ForgetsIds,
    "recounts": Recounts,
    "no-pieces": Client,
    "skips-pieces": Client,
    "mixes-pieces": Client,
    "repeats-pieces": Client,
    "closes-anew": Client,
    "silent": Client,
}


def read_lines(lines):
    for line in sys.stdin:
        lines.put(json.loads(line))
    lines.put({"kind": "end"})


def latest_first(items):
    """An answer stays behind its pieces."""
    answers = [[]]
    for item in items:
        answers[-1].append(item)
        if item["kind"] == "message":
            answers.append([])
    return [item for answer in reversed(answers) for item in answer]


def main():
    client, take = FAULTS[sys.argv[1]](), Takes(sys.argv[1])
    lines = queue.Queue()
    threading.Thread(target=read_lines, args=(lines,), daemon=True).start()
    ended, held, last = False, [], time.monotonic()
    while not (ended and not held and client.is_done()):
        while not ended and not lines.empty():
            item = lines.get()
            ended = item["kind"] == "end"
            if item["kind"] != "end":
                held.append(item)
                last = time.monotonic()
        if held and (time.monotonic() - last > 0.3 or sys.argv[1] != "reverses"):
            for item in latest_first(held) if sys.argv[1] == "reverses" else held:
                take(client, item)
            held = []
        client.run_once(0.02)
    return 0


if __name__ == "__main__":
    sys.exit(main())
