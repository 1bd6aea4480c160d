#!/usr/bin/env python3
"""Records what it reads on stdin, one JSON object a line; Python 3.9 or newer, nothing to install.

    {"kind":"message","session":"my-chat","role":"user","content":"Hello"}
    {"kind":"delta","session":"my-chat","message_id":"m2","role":"assistant","delta":"Good "}
    {"kind":"message","session":"my-chat","message_id":"m2","role":"assistant","content":"Good morning"}
    {"kind":"close","session":"my-chat"}
    {"kind":"end"}

Answers each line with `{"kind":"kept"}` as soon as its event is in the outbox: from there on a kill of this program loses nothing. A
line that it cannot read is named on stderr, answered with `{"kind":"skipped"}`, and the next one is read.
Ends with 0 when everything is on the recorder's disk, with 1 where a line could not be read or an event was refused, with 3 where it
had to give up; then the rest waits in the outbox for the next run. `chasm conformance --client python3 examples/python/record.py`
tries it out.
"""

import json
import os
import queue
import sys
import threading
import time

from chasm_client import Client
from outbox import Full

PATIENCE = 600.0  # seconds without any progress after the end of stdin
EVENT_TYPES = {"message": "message", "delta": "message_delta", "close": "session_end"}
NEEDED = {"message": ("session", "role", "content"), "delta": ("session", "message_id", "delta"), "close": ("session",)}
CARRIED = {"message": ("message_id", "role", "content"), "delta": ("message_id", "role", "delta"), "close": ("reason",)}


class BadLine(ValueError):
    """This line is no event."""


def main():
    refused = []
    try:
        client = Client(on_refused=lambda event, code, message: refused.append(f"{code}: {message}"))
    except (OSError, ValueError) as error:
        say(f"the outbox cannot be used, so nothing is recorded: {error}; is CHASM_DATA_DIR right?")
        return 3
    lines = queue.Queue()
    threading.Thread(target=read_lines, args=(lines,), daemon=True).start()
    try:
        bad, is_done = run(client, lines)
    except (OSError, Full) as error:
        say(f"stopped: {error}; {waiting(client)}")
        return 3
    client.close()
    for why in refused:
        say(f"refused: {why}")
    if not is_done:
        say(f"gave up: {waiting(client)}")
        return 3
    return 1 if refused or bad else 0


def run(client, lines):
    """Until all is recorded, or patience is over. Answers how many lines were bad, and whether all is recorded."""
    bad, ended, told, since, left = 0, False, False, time.monotonic(), -1
    while not (ended and client.is_done()):
        while not ended and not lines.empty():
            number, line = lines.get()
            try:
                ended = line is None or not take(client, line)
            except BadLine as error:
                bad += 1
                say(f"line {number} is not recorded: {error}")
                answer("skipped")
        client.run_once(0.02)
        told = tell_trouble(client, told)
        if len(client.outbox.waiting) != left or not ended:
            since, left = time.monotonic(), len(client.outbox.waiting)
        if time.monotonic() - since > PATIENCE:
            return bad, False
    return bad, True


def take(client, line):
    """Records what a line says; answers whether more may come."""
    item = parse(line)
    if item["kind"] == "end":
        return False
    try:
        record(client, item)
    except UnicodeEncodeError:
        raise BadLine("it has half a character (a lone surrogate)") from None
    return True


def record(client, item):
    """An answer that streams in is recorded piece by piece; the whole at its end has the same message_id."""
    kind = item["kind"]
    data = {name: item[name] for name in CARRIED[kind] if name in item}
    client.record(item["session"], EVENT_TYPES[kind], **data)
    # said only now that it is on disk, and said at once
    answer("kept")


def parse(line):
    try:
        item = json.loads(line)
    except ValueError as error:
        raise BadLine(f"it is not JSON ({error})") from None
    if not isinstance(item, dict):
        raise BadLine("it is not a JSON object")
    kind = item.get("kind")
    if kind == "end":
        return item
    if not isinstance(kind, str) or kind not in NEEDED:
        raise BadLine(f"its kind is {json.dumps(kind)}; known are message, delta, close and end")
    for name in NEEDED[kind]:
        if item.get(name) is None:
            raise BadLine(f"a {kind} needs {name}")
    if not isinstance(item["session"], str):
        raise BadLine("its session is not a text")
    return item


def read_lines(lines):
    """Beside the network, for stdin may stay silent. Whatever becomes of stdin, its end is told."""
    try:
        for number, line in enumerate(sys.stdin.buffer, 1):
            if line.strip():
                lines.put((number, line))
    finally:
        lines.put((0, None))


def tell_trouble(client, told):
    """Says once that it waits, and for whom; anew after a connection that worked."""
    if client.trouble is None:
        return False
    if told or client.is_done():
        return told
    say(f"{client.trouble}; {waiting(client)}")
    return True


def waiting(client):
    return f"{len(client.outbox.waiting)} kept in {client.outbox.path}"


def answer(kind):
    print(f'{{"kind":"{kind}"}}', flush=True)


def say(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        code = main()
    except KeyboardInterrupt:
        code = 130
    # at once: the thread that reads stdin may still wait there
    os._exit(code)
