// The load of the SDK's figures: messages with so many under way for so long, over a bare WebSocket and with the SDK.
//
// Owns the loops, which are the same in Node and in a page: it is given the classes, and imports nothing. An event counts when its ack is
// there; its latency is from the call to the ack that covers it.

/* global performance */

const WORDS =
  'the a to of is in and that it for this we with on you be as not are have should can file test'.split(' ');
const CONTENT_LENGTH = 130;

/** Words from a seed: the same for all. */
function words(seed) {
  let state = seed;
  return () => {
    let text = '';
    while (text.length < CONTENT_LENGTH) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      text += `${WORDS[(state >>> 16) % WORDS.length]} `;
    }
    return text.slice(0, CONTENT_LENGTH);
  };
}

/** Keeps so many under way for a time, then waits for the last ack. `send` hands over one; `acked` is called with how many are done. */
async function paced({ window, ms }, send, whenAcked) {
  const underWay = [];
  const latencies = [];
  let wake = () => undefined;
  whenAcked((count) => {
    const now = performance.now();
    for (const at of underWay.splice(0, count)) latencies.push(now - at);
    wake();
  });
  const begun = performance.now();
  for (let n = 1; ;) {
    for (; performance.now() - begun < ms && underWay.length < window; n++) {
      underWay.push(performance.now());
      send(n);
    }
    if (underWay.length === 0) break;
    await new Promise((resolve) => (wake = resolve));
  }
  return { ms: performance.now() - begun, latencies };
}

/** Nothing but the library: frames out, acks in; what is lost is lost. */
async function bare({ open, session, plan }) {
  const socket = open();
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error('the WebSocket does not open'));
  });
  let through = 0;
  let acked = () => undefined;
  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(data);
    if (frame.type === 'error') throw new Error(`refused: ${data}`);
    if (frame.type !== 'ack') return;
    acked(frame.through - through);
    through = frame.through;
  };
  const say = words(7);
  const send = (n) => {
    const id = `${session}-${String(n).padStart(10, '0')}`;
    const data = { role: n % 2 ? 'user' : 'assistant', content: say(), message_id: id };
    const about = { session_id: session, event_type: 'message', event_id: id, seq: n, timestamp: Date.now() };
    socket.send(JSON.stringify({ ...about, data }));
  };
  const measured = await paced(plan, send, (listener) => (acked = listener));
  socket.close();
  return measured;
}

async function connected({ Recorder, options }, outbox) {
  const recorder = await Recorder.connect({ client: 'figures/1', ...options, outbox });
  if (recorder.state.outbox === 'memory') throw new Error(`no outbox: ${recorder.state.lastError}`);
  const isThere = () => recorder.state.connection === 'connected';
  if (!isThere()) await new Promise((resolve) => recorder.on('state', () => isThere() && resolve()));
  return recorder;
}

/** The SDK with its outbox, as many unacknowledged as the bare one. */
async function withOutbox({ sdk, session, plan }) {
  let acked = () => undefined;
  const outbox = sdk.outbox();
  const remove = outbox.remove.bind(outbox);
  // what is taken out was acknowledged
  outbox.remove = (keys) => {
    remove(keys);
    acked(keys.length);
  };
  const recorder = await connected(sdk, outbox);
  const chat = recorder.session({ id: session });
  // its beginning is not counted
  await recorder.flush();
  const say = words(7);
  const send = (n) => void chat.message({ role: n % 2 ? 'user' : 'assistant', content: say() });
  const measured = await paced(plan, send, (listener) => (acked = listener));
  await recorder.close();
  return measured;
}

/** The SDK as an application uses it that waits for the outbox alone: so many calls at once, and as much under way as the SDK likes. */
async function ownWindow({ sdk, session, plan }) {
  const recorder = await connected(sdk, sdk.outbox());
  const chat = recorder.session({ id: session });
  await recorder.flush();
  const say = words(7);
  const begun = performance.now();
  let events = 0;
  const caller = async () => {
    while (performance.now() - begun < plan.ms) {
      await chat.message({ role: 'user', content: say() });
      events += 1;
    }
  };
  await Promise.all(Array.from({ length: plan.window }, caller));
  const kept = performance.now() - begun;
  await recorder.flush();
  const ms = performance.now() - begun;
  await recorder.close();
  return { ms, kept, events };
}

const KINDS = { bare, withOutbox, ownWindow };

/** All kinds in turn, so many times; each in a session of its own. */
export async function rounds({ name, count, ms, open, sdk, isAlone = false }) {
  const found = [];
  // the first time is for warming up
  for (let round = 0; round <= count; round++)
    for (const [kind, window] of [
      ['bare', 64],
      ['withOutbox', 64],
      ['ownWindow', 64],
      ['bare', 1],
      ['withOutbox', 1],
    ]) {
      if (isAlone && kind === 'bare') continue;
      const session = `${name}-${round}-${kind}-${window}`;
      const plan = { window, ms: round === 0 ? ms / 4 : ms };
      const measured = await KINDS[kind]({ open, sdk, session, plan });
      if (round > 0) found.push({ round, kind, window, ...measured });
    }
  return found;
}
