// The recorder's page: what is recorded, session by session. Talks to the server alone, and writes text only, never markup:
// what a chat says is data.

import { SIGNS, WORDS, ago, clock, count, plain, strip } from './words.js';

const SERVER = window.__CHASM__?.server ?? location.origin;
const EVERY_MS = 2000;
const AGAIN_MS = 3000;
const ANSWERED = 'chasm.start_at_login';
const UNREACHABLE = 'The recorder cannot be reached, trying again in 3 s';

const main = document.getElementById('main');
let shown = '';

/** An element with text or children; nothing is ever parsed. */
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

async function ask(path, method = 'GET', sent = {}) {
  const headers = { 'Content-Type': 'application/json' };
  const json = method === 'GET' ? {} : { headers, body: JSON.stringify(sent) };
  const answer = await fetch(SERVER + path, { method, cache: 'no-store', ...json });
  const body = await answer.json();
  if (!answer.ok)
    throw Object.assign(new Error(body.error?.message ?? answer.statusText), { status: answer.status });
  return body;
}

const state = (name) =>
  el('span', { 'data-state': name, 'data-testid': 'state' }, `${SIGNS[name]} ${WORDS[name]}`);

function row(session) {
  const when = el('time', { class: 'quiet', datetime: session.last_event_at, title: session.last_event_at });
  when.textContent = ago(session.last_event_at);
  const title = session.title ?? session.preview ?? session.session_id;
  const link = el('a', {
    href: `#/session/${encodeURIComponent(session.session_id)}`,
    'data-testid': 'session',
  });
  link.append(state(session.state), el('span', { class: 'title' }, title));
  link.append(el('span', { class: 'quiet' }, count(session.message_count, 'message')), when);
  return el('li', { class: 'row', 'data-session': session.session_id }, link);
}

const list = (sessions, nothing) =>
  sessions.length
    ? el('ul', { id: 'sessions', 'data-testid': 'sessions' }, ...sessions.map(row))
    : el('p', { class: 'quiet', 'data-testid': 'nothing' }, nothing);

async function sessionsView() {
  const page = await ask('/api/recording/sessions?state=all&limit=100');
  return [list(page.sessions, 'No session yet. What an editor or a script sends appears here.')];
}

async function recoveryView() {
  const found = await ask('/api/recording/recovery');
  const parts = [
    el('h1', {}, 'Recovery'),
    list(found.interrupted, 'Nothing was interrupted: every session is whole.'),
  ];
  if (found.interrupted.length) {
    const button = el('button', { type: 'button', 'data-testid': 'recover' }, 'Recover all');
    button.addEventListener('click', async () => {
      button.disabled = true;
      await ask('/api/recording/recovery', 'POST').catch(unreachable);
      await show(true);
    });
    parts.push(button);
  }
  for (const report of found.reports.slice(0, 10)) {
    const messages = report.recovered.reduce((sum, session) => sum + session.messages, 0);
    const words = `${count(report.recovered.length, 'session')}, ${count(messages, 'message')}, recovered ${ago(report.at)}`;
    parts.push(el('p', { class: 'quiet', 'data-testid': 'report' }, words));
  }
  return parts;
}

async function statusView() {
  const status = await ask('/api/recording/status');
  const rows = [
    ['Recorder', `${status.version} at ${SERVER}`],
    ['Last write', status.last_durable_write ?? 'none yet'],
    ['Sessions', `${status.sessions}, ${status.interrupted_sessions} interrupted`],
    ['Database', `${status.database.path}, ${count(status.database.bytes, 'byte')}`],
    ['Journal', `${count(status.journal.segments, 'segment')}, ${count(status.journal.bytes, 'byte')}`],
  ];
  for (const client of status.connections) {
    rows.push([
      'Client',
      `${client.client ?? 'without a name'}, ${count(client.sessions.length, 'session')}`,
    ]);
  }
  for (const [part, { state: how, detail }] of Object.entries(status.desktop ?? {})) {
    rows.push([`Desktop: ${part}`, detail ? `${how}, ${detail}` : how]);
  }
  const entries = rows.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]);
  return [el('h1', {}, 'Status'), el('dl', { 'data-testid': 'status' }, ...entries)];
}

async function sessionView(id) {
  const session = await ask(`/api/recording/sessions/${encodeURIComponent(id)}`);
  const facts = [session.provider, session.workspace, session.model, count(session.message_count, 'message')];
  const about = el('p', { class: 'quiet' }, state(session.state), ` · ${facts.filter(Boolean).join(' · ')}`);
  const messages = session.messages.map((message) => {
    const who = message.timestamp ? `${message.role} · ${clock(message.timestamp)}` : message.role;
    const head = el('header', {}, who, message.partial ? ' · incomplete' : '');
    const text = el('pre', {}, plain(message.content));
    return el('li', { class: 'message', 'data-testid': 'message', 'data-role': message.role }, head, text);
  });
  const title = el('h1', { 'data-testid': 'title' }, session.title ?? session.preview ?? id);
  return [title, about, el('ol', { 'data-testid': 'messages' }, ...messages)];
}

function route() {
  const [view, id] = location.hash.replace(/^#\/?/, '').split('/');
  if (view === 'session' && id) return { view: 'sessions', draw: () => sessionView(decodeURIComponent(id)) };
  if (view === 'recovery') return { view, draw: recoveryView };
  if (view === 'status') return { view, draw: statusView };
  return { view: 'sessions', draw: sessionsView };
}

/** Draws the view of the address; leaves the page alone where nothing in it changed. */
async function show(always = false) {
  const asked = location.hash;
  const { view, draw } = route();
  const parts = await draw().catch((error) => {
    if (!error.status) throw error;
    return [el('p', { 'data-testid': 'refused' }, error.message)];
  });
  if (asked !== location.hash) return;
  for (const link of document.querySelectorAll('nav a')) {
    if (link.dataset.view === view) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const drawn = asked + parts.map((part) => part.outerHTML).join('');
  if (always || drawn !== shown) main.replaceChildren(...parts);
  shown = drawn;
}

function glance(status) {
  const line = document.getElementById('strip');
  line.dataset.state = status.status;
  line.textContent = strip(status);
  const review = document.getElementById('interrupted');
  const n = status.interrupted_sessions;
  review.hidden = n === 0;
  const words = n === 1 ? '1 session was interrupted' : `${n} sessions were interrupted`;
  review.firstElementChild.textContent = `${SIGNS.interrupted} ${words} — review and recover`;
}

function unreachable() {
  const line = document.getElementById('strip');
  line.dataset.state = 'unreachable';
  line.textContent = `${SIGNS.unreachable} ${UNREACHABLE}`;
}

/** Nothing starts at login that was not asked for. It is asked until there is an answer; later the tray's menu has the switch. */
async function askAboutLogin() {
  const question = document.getElementById('login');
  const app = await ask('/api/app').catch(() => null);
  question.hidden = !app?.available || app.start_at_login || localStorage.getItem(ANSWERED) !== null;
}

async function answerAboutLogin(yes) {
  const question = document.getElementById('login');
  try {
    if (yes) await ask('/api/app', 'PATCH', { start_at_login: true });
    localStorage.setItem(ANSWERED, yes ? 'yes' : 'no');
    question.hidden = true;
  } catch (error) {
    question.firstChild.textContent = `That did not work: ${error.message} `;
  }
}

document
  .querySelector('[data-testid=login-yes]')
  .addEventListener('click', () => void answerAboutLogin(true));
document
  .querySelector('[data-testid=login-no]')
  .addEventListener('click', () => void answerAboutLogin(false));

async function watch() {
  let next = EVERY_MS;
  try {
    glance(await ask('/api/recording/status'));
    await show();
  } catch {
    unreachable();
    next = AGAIN_MS;
  }
  setTimeout(watch, next);
}

addEventListener('hashchange', () => {
  show().catch(unreachable);
  main.focus();
});
askAboutLogin();
watch();
