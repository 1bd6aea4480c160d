"""A client of Chasm Recorder: keeps every event until the recorder has it on disk.

Owns the outbox and one connection at a time. Never blocks the caller on the network: `run_once` does a bounded piece of work.
Invariant: an event leaves the outbox only after an ack that covers its frame, a REST answer that names it, or a refusal that says
«never»; in that case it is told.
"""

import json
import os
import random
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from datetime import datetime, timezone

from outbox import Outbox
from websocket import Closed, Refused, WebSocket

FIRST_WAIT, LONGEST_WAIT = 0.25, 30.0
WINDOW = 64  # frames on the way
LATER = {"paused", "storage_full", "not_recording", "shutting_down", "overloaded"}
MOST_SOCKET_FAILURES = 5  # in a row, then REST is tried


def data_dir():
    """The recorder's data folder on Linux; other systems have it elsewhere."""
    if os.environ.get("CHASM_DATA_DIR"):
        return os.environ["CHASM_DATA_DIR"]
    base = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return os.path.join(base, "chasm-recorder")


def find_server():
    """CHASM_SERVER, else what the running recorder wrote down, else the default. Asked anew before every connection."""
    if os.environ.get("CHASM_SERVER"):
        return os.environ["CHASM_SERVER"]
    try:
        with open(os.path.join(data_dir(), "server.json"), encoding="utf-8") as file:
            address = json.load(file)["address"]
            return address if "://" in address else f"http://{address}"
    except (OSError, ValueError, KeyError):
        return "http://127.0.0.1:8787"


def find_token(url):
    """The token of the data folder; it is sent to this machine only."""
    if urllib.parse.urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1"):
        return None
    try:
        with open(os.path.join(data_dir(), "token"), encoding="utf-8") as file:
            return file.read().strip() or None
    except OSError:
        return None


class Client:
    def __init__(self, name="python-example/1", on_refused=None):
        self.outbox = Outbox(os.path.join(data_dir(), "outbox"))
        self._name = name
        self._on_refused = on_refused or (lambda event, code, message: None)
        self._socket = None
        self._frames = []  # keys of the frames on the way, from self._acked + 1 on
        self._acked = 0
        self._sent = set()
        self._retry = {}  # frame number -> refused for now
        self._paused = False
        self._heartbeat = 20.0
        self._heard = 0.0
        self._failures = 0
        self._not_before = 0.0
        self.trouble = None  # why nobody takes events now, for people; None once a recorder answers

    def record(self, session, event_type, **data):
        """Writes an event down. It is safe from here on; `run_once` sends it."""
        now = datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
        event = {"session_id": session, "event_type": event_type, "event_id": str(uuid.uuid4()), "timestamp": now}
        event["data"] = data
        self.outbox.append(event)

    def is_done(self):
        return not self.outbox.waiting

    def run_once(self, wait):
        """Connects where needed, sends, and hears what the recorder says; takes about `wait` seconds at most."""
        if self._socket is None:
            pause = self._not_before - time.monotonic()
            if pause > 0:
                time.sleep(min(pause, wait))
                return
            if self._failures >= MOST_SOCKET_FAILURES and self._failures % 2:
                self._send_over_rest()
                return
            self._connect()
        try:
            if self._socket is not None:
                self._send_some()
                self._hear(wait)
        except ConnectionError as error:
            self._lost(error)

    def close(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self):
        url = find_server()
        place = urllib.parse.urlsplit(url)
        try:
            self._socket = WebSocket(place.hostname, place.port or 80, "/ws/recording", find_token(url))
            self._frames, self._acked, self._retry, self._sent = [], 0, {}, set()
            self._paused, self._heard = False, time.monotonic()
            # what is on disk need not be sent again: the answer drops it from the outbox
            self._resumed = False
            waiting = [session for session, _ in self.outbox.waiting]
            sessions = list(dict.fromkeys(waiting + list(self.outbox.next_seq)))[:1000]
            self._socket.send(json.dumps({"type": "hello", "client": self._name, "sessions": sessions}))
        except (OSError, ValueError) as error:
            self._lost(error)

    def _lost(self, error):
        """What was on the way stays in the outbox. The wait doubles, with jitter, so that clients do not come in step."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2**self._failures)
        wait *= random.uniform(0.5, 1.0)
        if isinstance(error, Refused) and error.retry_after is not None:
            wait = max(wait, error.retry_after)
        if isinstance(error, Refused):
            self.trouble = f"{find_server()}: {error}, waiting"
        else:
            self.trouble = f"no recorder at {find_server()} ({error}), waiting"
        self._failures += 1
        self._not_before = time.monotonic() + wait

    def _send_some(self):
        """In the order of the outbox: one connection, one order."""
        if self._paused or not self._resumed or self._retry:
            return
        for key, text in list(self.outbox.waiting.items()):
            if len(self._frames) >= WINDOW:
                return
            if key not in self._sent:
                self._frames.append(key)
                self._sent.add(key)
                self._socket.send(text)

    def _hear(self, wait):
        text = self._socket.receive(wait)
        now = time.monotonic()
        while text is not None:
            self._heard = now
            if text:
                self._take(json.loads(text))
            text = self._socket.receive(0)
        if now - self._heard > 3 * self._heartbeat:
            raise Closed("nothing was heard for three heartbeats")

    def _take(self, frame):
        kind = frame.get("type")
        if kind == "welcome":
            self.trouble = None
            self._paused = frame["paused"]
            self._heartbeat = max(1, frame["heartbeat_secs"])
        elif kind == "resume":
            self._resumed = True
            self._drop_what_is_there(frame["sessions"])
            if self.is_done():
                self._failures = 0
        elif kind == "ack":
            self._ack(frame["through"])
        elif kind == "error":
            self._refused(frame)
        elif kind in ("paused", "resumed"):
            self._paused = kind == "paused"

    def _drop_what_is_there(self, sessions):
        for key, text in list(self.outbox.waiting.items()):
            point = sessions.get(key[0])
            seq = json.loads(text)["seq"]
            if point and seq <= point["last_seq"] and not any(a <= seq <= b for a, b in point["missing"]):
                self.outbox.drop([key])

    def _ack(self, through):
        covered, self._frames = self._frames[: through - self._acked], self._frames[through - self._acked :]
        numbers = range(self._acked + 1, through + 1)
        self.outbox.drop([key for number, key in zip(numbers, covered) if number not in self._retry])
        self._acked = through
        if not self._retry:
            self._failures = 0
        if self._retry and not self._frames:
            # refused for now: in order again, on a connection of its own
            raise Closed("the recorder takes nothing now")

    def _refused(self, frame):
        number = frame.get("frame")
        if number is None:
            return
        if frame["code"] in LATER:
            self._retry[number] = frame["code"]
        else:
            key = self._frames[number - self._acked - 1]
            self._on_refused(self.outbox.waiting.get(key), frame["code"], frame["message"])

    def _send_over_rest(self):
        """The same events with the same ids, where no WebSocket gets through."""
        batch = list(self.outbox.waiting.items())[:500]
        url = find_server()
        body = ("[" + ",".join(text for _, text in batch) + "]").encode()
        request = urllib.request.Request(url + "/api/recording/events", body, {"Content-Type": "application/json"})
        if find_token(url):
            request.add_header("Authorization", f"Bearer {find_token(url)}")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as response:
                self._take_results(batch, json.load(response)["results"])
            self._failures, self.trouble = 0, None
        except urllib.error.HTTPError as error:
            if error.code == 422:
                self._take_results(batch, json.load(error)["results"])
                return
            after = error.headers.get("Retry-After", "")
            self._lost(Refused(error.code, int(after) if after.isdigit() else None, error.reason))
        except (OSError, ValueError) as error:
            self._lost(error)

    def _take_results(self, batch, results):
        for (key, text), result in zip(batch, results):
            if result["status"] == "rejected":
                self._on_refused(text, result["code"], result["message"])
        self.outbox.drop([key for key, _ in batch])
