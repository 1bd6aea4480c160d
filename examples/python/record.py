#!/usr/bin/env python3
"""Records what it reads on stdin, one JSON object a line; Python 3.9 or newer, nothing to install.

    {"kind":"message","session":"my-chat","role":"user","content":"Hello"}
    {"kind":"delta","session":"my-chat","message_id":"m2","role":"assistant","delta":"Good "}
    {"kind":"message","session":"my-chat","message_id":"m2","role":"assistant","content":"Good morning"}
    {"kind":"end"}

Answers each line with `{"kind":"kept"}` as soon as its event is in the outbox: from there on a kill of this program loses nothing.
Ends with 0 when everything is on the recorder's disk, with 1 where something was refused, with 3 where it had to give up; then the
rest waits in the outbox for the next run. `chasm conformance --client python3 examples/python/record.py` tries it out.
"""

import json
import queue
import sys
import threading
import time

from chasm_client import Client

PATIENCE = 600.0  # seconds without any progress after the end of stdin


def read_lines(lines):
    for line in sys.stdin:
        if line.strip():
            lines.put(json.loads(line))
    lines.put({"kind": "end"})


def record(client, item):
    """An answer that streams in is recorded piece by piece; the whole at its end has the same message_id."""
    if item["kind"] == "delta":
        event_type, names = "message_delta", ("message_id", "role", "delta")
    else:
        event_type, names = "message", ("message_id", "role", "content")
    client.record(item["session"], event_type, **{name: item[name] for name in names if name in item})
    # said only now that it is on disk, and said at once
    print('{"kind":"kept"}', flush=True)


def main():
    refused = []
    client = Client(on_refused=lambda event, code, message: refused.append(f"{code}: {message}"))
    lines = queue.Queue()
    threading.Thread(target=read_lines, args=(lines,), daemon=True).start()
    ended, since, left = False, time.monotonic(), -1
    while not (ended and client.is_done()):
        while not ended and not lines.empty():
            item = lines.get()
            if item["kind"] in ("message", "delta"):
                record(client, item)
            ended = item["kind"] == "end"
        client.run_once(0.02)
        if len(client.outbox.waiting) != left or not ended:
            since, left = time.monotonic(), len(client.outbox.waiting)
        if time.monotonic() - since > PATIENCE:
            print(f"{left} events are not recorded yet; they wait in {client.outbox.path}", file=sys.stderr)
            return 3
    client.close()
    for why in refused:
        print(f"refused: {why}", file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
