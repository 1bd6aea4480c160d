"""What has not been acknowledged yet, in a file: one line an event, as it is sent.

Owns that file. Never sends anything. Invariant: an event is on disk before `append` returns, and is gone only after `drop`.
"""

import json
import os


class Full(Exception):
    """The outbox has reached its limit: the recorder was away for too long. Nothing that is in it is lost."""


class Outbox:
    def __init__(self, folder, most_bytes=256 << 20):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self.path = os.path.join(folder, "python-example.jsonl")
        self._most = most_bytes
        self.waiting = {}  # (session, event_id) -> text, oldest first
        self.next_seq = {}  # session -> the next number
        self._dropped = 0
        self._read()
        self._file = open(self.path, "ab")

    def append(self, event):
        """Numbers the event within its session, writes it down, and returns its text."""
        event["seq"] = self.next_seq.get(event["session_id"], 1)
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        if self._file.tell() + len(text) > self._most:
            raise Full(f"{self.path} is full: is the recorder running?")
        self._write(text)
        self.next_seq[event["session_id"]] = event["seq"] + 1
        self.waiting[(event["session_id"], event["event_id"])] = text
        return text

    def drop(self, keys):
        """These are on the recorder's disk. A mark says so; one that is lost only makes them be sent once more."""
        keys = [key for key in keys if self.waiting.pop(key, None) is not None]
        if not keys:
            return
        self._write(json.dumps({"acked": keys}))
        self._dropped += len(keys)
        if not self.waiting or self._dropped > 10_000:
            self._write_anew()

    def _write(self, line):
        self._file.write(line.encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _read(self):
        if not os.path.exists(self.path):
            return
        with open(self.path, "rb+") as file:
            whole = file.read()
            # the program may have been killed while it wrote the last line: that event was never handed over
            end = whole.rfind(b"\n") + 1
            file.truncate(end)
        for line in whole[:end].decode().splitlines():
            item = json.loads(line)
            if "acked" in item:
                for key in item["acked"]:
                    self.waiting.pop(tuple(key), None)
            elif "next_seq" in item:
                self.next_seq.update(item["next_seq"])
            else:
                self.waiting[(item["session_id"], item["event_id"])] = line
                self.next_seq[item["session_id"]] = item["seq"] + 1

    def _write_anew(self):
        """Only what still waits, and the counters, which must never go back."""
        new = self.path + ".new"
        with open(new, "wb") as file:
            lines = [json.dumps({"next_seq": self.next_seq}), *self.waiting.values()]
            file.write("".join(line + "\n" for line in lines).encode())
            file.flush()
            os.fsync(file.fileno())
        self._file.close()
        os.replace(new, self.path)
        self._file = open(self.path, "ab")
        self._dropped = 0
