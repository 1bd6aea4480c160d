export default {
  title: 'No chat gets lost any more',
  lead: 'Chasm Recorder writes your AI chats down while they happen, and puts them together again after a crash.',
  what: {
    title: 'What it does',
    record:
      'Records each message the moment it is there: it is on disk before your editor is told that it arrived.',
    notice: 'Notices when an editor drops out, and takes in what it sends afterwards.',
    recover:
      'After a crash it puts interrupted sessions together from events and snapshots, and says what is missing.',
  },
  where: {
    title: 'Where it lies',
    body: 'In one folder, readable by you alone:',
    free: '{{size}} free on this disk.',
  },
  private: {
    title: 'Nothing leaves this computer',
    body: 'The recorder listens on {{address}}, which no other computer can reach. It calls nobody: no account, no cloud, no statistics.',
    open: 'The recorder listens on {{address}}: other computers can reach it with the token. It calls nobody: no account, no cloud, no statistics.',
  },
  login: {
    title: 'Start at login?',
    body: 'A recorder that does not run records nothing.',
    failed: 'It could not be changed: {{why}}',
    noDesktop: 'The desktop app can do that. This recorder was started by hand (chasm serve).',
  },
  editors: {
    title: 'Your editors',
    found: 'Found on this computer:',
    none: 'No known editor was found on this computer.',
    sessions_one: '{{count, number}} session',
    sessions_other: '{{count, number}} sessions',
    import: 'Take in old sessions',
    importNamed: 'Take in old sessions of {{name}}',
    importing: 'Taking in…',
    imported_one: '{{count, number}} new event taken in',
    imported_other: '{{count, number}} new events taken in',
    importFailed: 'Not taken in: {{why}}',
    other: 'Anything else: “chasm send”, or the address above, over WebSocket or REST.',
    connected_one: '{{count, number}} client is connected now.',
    connected_other: '{{count, number}} clients are connected now.',
    recorded_one: '{{count, number}} of them recorded',
    recorded_other: '{{count, number}} of them recorded',
    extension: 'connects by its extension',
  },
  go: 'To my sessions',
  later: 'All of this stands under Settings, too.',
};
