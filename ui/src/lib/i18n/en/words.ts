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
  screenBody:
    'It comes by itself once the recorder answers; perhaps the recorder was updated while the page was open.',
  reload: 'Load the page again',
};

export const problem = {
  disk_full: 'The disk is full. Free some room, and recording goes on by itself.',
  sync_failed: 'The journal cannot be written.',
  database_failed: 'The database cannot be written. Events wait in the journal, on disk.',
  stopping: 'The recorder is stopping.',
  room: '{{free}} are free, {{needed}} are needed.',
  restart: 'Restart the recorder; what was acknowledged is safe.',
  goesOn: 'It goes on by itself as soon as it can be.',
};
