// What the status bar says.
//
// Owns the words. Pure: no editor, no clock.

/** How recording stands. */
export interface Standing {
  /** Recording is on for this workspace. */
  enabled: boolean;
  /** Another window on this workspace records it. */
  elsewhere: boolean;
  connection: 'connected' | 'waiting' | 'paused' | 'refused' | 'closed';
  /** Events that wait on this machine's disk. */
  waiting: number;
  /** Events that the recorder refused. */
  refused: number;
  /** Chats that are followed now. */
  live: number;
  lastError: string | undefined;
}

export interface Said {
  text: string;
  tooltip: string;
  /** It is worth a colour. */
  warns: boolean;
  /** For `when` clauses. */
  state: 'recording' | 'waiting' | 'paused' | 'off' | 'refused';
}

export function said(standing: Standing): Said {
  const { enabled, elsewhere, connection, waiting, live, lastError } = standing;
  const kept = counted(waiting, 'event');
  if (!enabled)
    return say(
      'off',
      '$(circle-slash) Chasm: off',
      'Chats of this workspace are not recorded: it is turned off in the settings.',
    );
  if (connection === 'refused') {
    const why = lastError === undefined ? '' : ` ${sentence(lastError)}`;
    const safe = waiting > 0 ? ` ${kept} kept on this machine.` : '';
    return say(
      'refused',
      '$(warning) Chasm: not recording',
      `The recorder does not let this window in.${why}${safe}`,
      true,
    );
  }
  if (connection === 'paused') {
    const tail = waiting > 0 ? ` ${kept} kept here until it goes on.` : '';
    return say(
      'paused',
      `$(debug-pause) Chasm: paused${tail && ` (${waiting})`}`,
      `Recording is paused for all editors.${tail}`,
    );
  }
  if (connection !== 'connected') {
    const text = waiting > 0 ? `$(clock) Chasm: ${waiting} waiting` : '$(clock) Chasm: waiting';
    const safe =
      waiting > 0
        ? `${kept} kept on this machine and sent when it is back.`
        : 'Chats are kept on this machine until it is back.';
    return say('waiting', text, `The recorder cannot be reached. ${safe}`, true);
  }
  if (elsewhere) {
    return say('recording', '$(circle-filled) Chasm', 'Another window on this workspace records its chats.');
  }
  const refused = standing.refused > 0 ? ` ${counted(standing.refused, 'event')} refused: see the log.` : '';
  const going =
    live > 0
      ? `${counted(live, 'chat')} recorded now.`
      : 'Recording: the next chat is recorded as it is written.';
  const sending = waiting > 0 ? ` ${kept} on the way.` : '';
  return say(
    'recording',
    `$(circle-filled) Chasm${live > 0 ? `: ${live}` : ''}`,
    going + sending + refused,
    refused !== '',
  );
}

function say(state: Said['state'], text: string, tooltip: string, warns = false): Said {
  return { state, text, tooltip, warns };
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

function sentence(said: string): string {
  const first = said.charAt(0).toUpperCase() + said.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
