"""The example client with one fault, which `chasm conformance` has to find: `faulty.py FAULT`.

Each fault is a small change of something that the example does right. Never used for anything but the tests.
"""

import json
import os
import queue
import sys
import threading
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "examples", "python"))

from chasm_client import Client  # noqa: E402


class Forgets(Client):
    """Takes what was on the way for recorded when the connection is lost."""

    def _lost(self, error):
        self.outbox.drop(self._frames)
        super()._lost(error)


class NewIds(Client):
    """Makes new events of what it sends again."""

    def _lost(self, error):
        for (session, _), text in list(self.outbox.waiting.items()):
            event = json.loads(text)
            event["event_id"] = str(uuid.uuid4())
            del self.outbox.waiting[(session, json.loads(text)["event_id"])]
            self.outbox.waiting[(session, event["event_id"])] = json.dumps(event)
        super()._lost(error)

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


FAULTS = {
    "none": Client,
    "forgets": Forgets,
    "new-ids": NewIds,
    "ignores-pause": IgnoresPause,
    "patient": Patient,
    "hammers": Hammers,
    "drops-last": DropsLast,
    "reverses": Reverses,
}


def read_lines(lines):
    for line in sys.stdin:
        lines.put(json.loads(line))
    lines.put({"kind": "end"})


def main():
    client = FAULTS[sys.argv[1]]()
    lines = queue.Queue()
    threading.Thread(target=read_lines, args=(lines,), daemon=True).start()
    ended, held, last = False, [], time.monotonic()
    while not (ended and not held and client.is_done()):
        while not ended and not lines.empty():
            item = lines.get()
            ended = item["kind"] == "end"
            if item["kind"] == "message":
                held.append(item)
                last = time.monotonic()
        if held and (time.monotonic() - last > 0.3 or sys.argv[1] != "reverses"):
            for item in reversed(held) if sys.argv[1] == "reverses" else held:
                client.record(item["session"], "message", role=item["role"], content=item["content"])
            held = []
        client.run_once(0.02)
    return 0


if __name__ == "__main__":
    sys.exit(main())
