// How states, times and numbers are said. Never touches the page.

export const SIGNS = {
  recording: '●',
  completed: '✓',
  interrupted: '◐',
  recovered: '↺',
  paused: '‖',
  degraded: '▲',
  unreachable: '▲',
};

export const WORDS = {
  recording: 'Recording',
  completed: 'Completed',
  interrupted: 'Interrupted',
  recovered: 'Recovered',
  paused: 'Paused',
  degraded: 'Not recording',
};

export const count = (n, one) => `${n.toLocaleString('en')} ${one}${n === 1 ? '' : 's'}`;

export function ago(text, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - Date.parse(text)) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

export const clock = (text) =>
  new Date(text).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });

/** The strip on top: whether it records, from the last durable write. */
export function strip(status) {
  const parts = [WORDS[status.status]];
  if (status.status === 'degraded') {
    return `${SIGNS.degraded} ${parts[0]} — ${status.problem ?? 'the recorder does not say why'}`;
  }
  if (status.status === 'paused') {
    parts[0] = status.paused_until
      ? `Paused until ${clock(status.paused_until)}`
      : 'Paused until it is resumed';
  }
  parts.push(
    status.last_durable_write ? `last write ${ago(status.last_durable_write)}` : 'nothing written yet',
  );
  parts.push(count(status.connections.length, 'client'), count(status.active_sessions, 'live session'));
  return `${SIGNS[status.status]} ${parts.join(' · ')}`;
}

/** The plain text of a message, whatever parts it has. */
export function plain(content) {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return JSON.stringify(content);
  return content
    .map((part) => part?.text ?? (typeof part === 'string' ? part : `[${part?.type ?? 'part'}]`))
    .join('\n');
}
