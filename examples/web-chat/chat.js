// A chat that is recorded: each prompt when it is sent, each answer while it streams in.
//
// What is recorded is in this browser's outbox first (IndexedDB) and leaves it when the recorder has it on disk: the page may be
// reloaded or closed, and the recorder may be away. The session goes on over a reload; what was said is kept with the tab.

import { Recorder } from '/sdk/browser.js';

const standing = document.getElementById('standing');
const said = document.getElementById('said');
const prompt = document.getElementById('prompt');

const chat = JSON.parse(sessionStorage.getItem('chat') ?? 'null') ?? {
  id: crypto.randomUUID(),
  messages: [],
};
const server = new URLSearchParams(location.search).get('recorder') ?? undefined;
const recorder = await Recorder.connect({ client: 'web-chat/1.0', server, onState: show });
/** Begins with the first prompt: a page that was only looked at is no session. */
let session;

show(recorder.state);
chat.messages.forEach(({ role, content }) => line(role, content));
prompt.focus();

document.getElementById('ask').addEventListener('submit', (event) => {
  event.preventDefault();
  const content = prompt.value.trim();
  prompt.value = '';
  if (content !== '') ask(content).catch((error) => note(`The model did not answer: ${error.message}`));
});

document.getElementById('new').addEventListener('click', async () => {
  await session?.end({ reason: 'closed' });
  sessionStorage.removeItem('chat');
  location.reload();
});

async function ask(content) {
  const about = { title: 'A recorded chat', provider: 'web-chat', model: 'mock-1' };
  session ??= recorder.session({ id: chat.id, ...about });
  await record(session.message({ role: 'user', content, message_id: crypto.randomUUID() }));
  remember({ role: 'user', content });
  line('user', content);
  await answer();
}

/** Records the answer piece by piece, and as a whole once it is there. */
async function answer() {
  const message = { role: 'assistant', content: '', message_id: crypto.randomUUID() };
  const shown = line('assistant', '');
  remember(message);
  const response = await fetch('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'mock-1', stream: true, messages: chat.messages.slice(0, -1) }),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  for await (const piece of pieces(response)) {
    message.content += piece;
    shown.textContent = message.content;
    remember();
    await record(session.delta(message.message_id, piece, 'assistant'));
  }
  await record(session.message(message));
}

/** The words of a stream of server-sent events. */
async function* pieces(response) {
  let left = '';
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (left + text).split('\n');
    left = lines.pop();
    for (const line of lines.filter((one) => one.startsWith('data: {')))
      yield JSON.parse(line.slice(6)).choices[0].delta.content;
  }
}

/** A full outbox is said, and the chat goes on. */
function record(done) {
  return done.catch((error) => note(`Not recorded: ${error.message}`));
}

function remember(message) {
  if (message) chat.messages.push(message);
  sessionStorage.setItem('chat', JSON.stringify(chat));
}

function line(role, content) {
  const shown = document.createElement('p');
  shown.className = role;
  shown.textContent = content;
  said.append(shown);
  shown.scrollIntoView({ block: 'end' });
  return shown;
}

function note(text) {
  line('note', text);
}

function show({ connection, waiting, outbox }) {
  const where = outbox === 'memory' ? 'in this page' : 'in this browser';
  const count = waiting === 1 ? '1 event is' : `${waiting} events are`;
  const kept = waiting === 0 ? '' : ` · ${count} kept ${where}`;
  const [state, text] = {
    connected: ['on', 'Recording'],
    paused: ['wait', `Recording is paused${kept}`],
    refused: ['off', `The recorder refuses this page${kept}`],
    closed: ['off', 'Not recording'],
  }[connection] ?? [
    'wait',
    `No recorder yet, or it has not allowed this site. Is it running? If so, open it → Status → ` +
      `“${location.origin} wants to record here” → Allow${kept}`,
  ];
  standing.dataset.state = state;
  standing.textContent = text;
}
