export const state = {
  recording: 'Recording',
  completed: 'Completed',
  interrupted: 'Interrupted',
  recovered: 'Recovered',
  paused: 'Paused',
  stopped: 'Not recording',
  away: 'Not reachable',
};

export const reason = {
  disconnect: 'the client was gone',
  server_crash: 'the recorder ended without warning',
  server_stop: 'the recorder was stopped',
  timeout: 'nothing came for 30 minutes',
};

export const origin = {
  event: 'from events',
  snapshot: 'from a snapshot',
  editor_file: 'from the editor’s file',
};

export const role = {
  user: 'You',
  assistant: 'Assistant',
  system: 'System',
  tool: 'Tool',
};

export const lifecycle = {
  started: 'A session began',
  connected: 'A client connected',
  dropped: '{{name}} dropped',
  interrupted: 'A session was interrupted',
  reconnected: 'A session goes on',
  completed: 'A session is complete',
  recovered: 'Sessions were recovered',
  recovery_at_start: 'The recorder started',
  damage_found: 'Damage was found and set aside',
  recording_stopped: 'Recording stopped',
  recording_resumed: 'Recording works again',
  paused: 'Recording was paused',
  resumed: 'Recording was resumed',
  deleted: 'A session was deleted',
};

export const error = {
  away: 'The recorder cannot be reached',
  awayBody: 'What was recorded is safe on disk. Start Chasm Recorder, and this page goes on by itself.',
  awayRetry: 'Trying again in {{seconds}} s. What was recorded is safe on disk.',
  unauthorized: 'This page may not read your sessions',
  unauthorizedBody: 'Open it anew with “chasm open” or from the tray.',
  refused: 'That did not work',
  odd: 'Something other than the recorder answered ({{what}}).',
  retry: 'Try now',
  screen: 'This part of the page could not be loaded',
  screenBody: 'Perhaps the recorder was updated while the page was open.',
  reload: 'Load the page again',
};
