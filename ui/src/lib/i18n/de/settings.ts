export default {
  title: 'Einstellungen',
  on: 'An',
  off: 'Aus',
  saved: 'Gespeichert',
  saving: 'Wird gespeichert …',
  restart: 'Gilt nach einem Neustart des Recorders; bis dahin {{running}}.',
  default: 'Vorgabe: {{value}}',
  reset: 'Zurück zur Vorgabe',
  resetNamed: '{{name}}: zurück zur Vorgabe',
  range: '{{min}} bis {{max}}',
  refused: 'Nicht gespeichert. {{why}}',
  noneValue: 'keine',
  theme: {
    label: 'Farben',
    system: 'Wie das System',
    light: 'Hell',
    dark: 'Dunkel',
    contrast: 'Hoher Kontrast',
  },
  language: { label: 'Sprache' },
  bareKeys: {
    label: 'Kürzel aus einer Taste',
    help: 'Etwa „?“ oder „j“, ohne Strg. Schalten Sie sie aus, wenn Spracheingabe oder ein Versehen sie auslöst.',
  },
  showKeys: 'Alle Kürzel zeigen',
  login: {
    label: 'Bei der Anmeldung starten',
    help: 'Der Recorder startet mit Ihrer Anmeldung im Hintergrund, damit nichts unaufgezeichnet bleibt.',
    noDesktop:
      'Dieser Recorder läuft ohne die Desktop-App, der diese Einstellung gehört. Starten Sie die App, oder lassen Sie Ihr System „chasm serve“ starten.',
  },
  quiet: {
    label: 'Ruhezeit',
    from: 'von',
    until: 'bis',
    help: 'Dann gibt es keine Meldungen, außer dass die Aufzeichnung endet. Danach fasst eine Meldung zusammen, was noch offen ist.',
    none: 'Keine Ruhezeit',
    set: 'Ruhezeit festlegen',
    off: 'Ruhezeit entfernen',
  },
  noNotifications:
    'Dieser Recorder läuft ohne die Desktop-App, die Meldungen zeigt. Was geschieht, steht unter „Status“.',
  origins: {
    add: 'Eine Webseite hinzufügen',
    placeholder: 'https://chat.example.com',
    none: 'Keine Webseite darf aufzeichnen.',
    remove: '{{origin}} entfernen',
    addButton: 'Hinzufügen',
  },
  token: {
    label: 'Zugangsschlüssel',
    help: 'Clients, die nicht zeigen können, wem sie gehören, senden diesen Schlüssel. Wer ihn hat, kann alle Sitzungen lesen und löschen.',
    show: 'Schlüssel zeigen',
    hide: 'Schlüssel verbergen',
    copy: 'Kopieren',
    rotate: 'Neuen Schlüssel machen …',
    rotateTitle: 'Neuen Schlüssel machen?',
    rotateBody:
      'Der alte gilt sofort nicht mehr. Clients, die ihn nutzen, werden abgewiesen, bis sie den neuen haben; ihre Ereignisse behalten sie solange. Diese Seite bleibt offen.',
    rotateDo: 'Neuen Schlüssel machen',
    rotated: 'Es gibt einen neuen Schlüssel; der alte gilt nicht mehr.',
    notInUse: 'Wird zurzeit nicht verlangt: Anrufer sind an ihrem Benutzerkonto zu erkennen.',
    file: 'Er steht in der Datei {{path}}, die nur Sie lesen können.',
  },
  cancel: 'Abbrechen',
  retention: {
    dryRun: 'Was würde gelöscht?',
    counting: 'Wird gezählt …',
    would_one: '{{count, number}} Sitzung würde gelöscht: {{messages}}, {{size}}.',
    would_other: '{{count, number}} Sitzungen würden gelöscht: {{messages}}, {{size}}.',
    estimate:
      'Nach der Größe ist es eine Schätzung: Die ältesten gehen, bis der Datenordner passt, und wie viel Platz jede freigibt, zeigt sich erst dann. Nach dem Alter ist es genau.',
    wouldNone: 'Nichts würde gelöscht.',
    messages_one: '{{count, number}} Nachricht',
    messages_other: '{{count, number}} Nachrichten',
    span: 'Vom {{from}} bis zum {{to}}.',
    sample: 'Die ältesten davon',
    failed: 'Es ließ sich nicht zählen: {{why}}',
    never:
      'So wie es eingestellt ist, wird nichts von selbst gelöscht. Sitzungen bleiben, bis Sie sie löschen.',
    interrupted_one: '{{count, number}} davon ist unterbrochen und wurde nie wiederhergestellt.',
    interrupted_other: '{{count, number}} davon sind unterbrochen und wurden nie wiederhergestellt.',
    run: 'Jetzt löschen …',
    ask: 'Diese Sitzungen endgültig löschen?',
    askBody:
      'Sie kommen nicht in den Papierkorb: Rückgängig machen lässt es sich nicht. Was die Editoren selbst gespeichert haben, bleibt.',
    running: 'Wird gelöscht …',
    runDo: 'Endgültig löschen',
  },
  folder: {
    label: 'Datenordner',
    help: 'Alles Aufgezeichnete liegt hier und nur hier. Um ihn zu verlegen, halten Sie den Recorder an und starten ihn mit --data-dir.',
  },
  address: { label: 'Adresse' },
  units: {
    ms: 'ms',
    s: 'Sekunden',
    min: 'Minuten',
    days: 'Tage',
    MiB: 'MiB',
    GiB: 'GiB',
    bytes: 'Bytes',
  },
  key: {
    port: { label: 'Port', help: 'Wo Clients den Recorder finden. 0 nimmt einen freien.' },
    host: {
      label: 'Lauscht an',
      help: '127.0.0.1 ist dieser Rechner allein. Bei jeder anderen Adresse können es andere Rechner versuchen, und der Schlüssel ist nötig.',
    },
    auth: {
      label: 'Womit Anrufer zeigen, wer sie sind',
      help: 'Mit dem Benutzerkonto: Was unter Ihrem Konto läuft, darf sich verbinden. Mit dem Schlüssel: nur, wer ihn sendet.',
      user: 'Mit dem Benutzerkonto',
      token: 'Mit dem Schlüssel',
    },
    allowed_origins: {
      label: 'Erlaubte Webseiten',
      help: 'Sie dürfen nur aufzeichnen; eine Sitzung lesen sie nie.',
    },
    limits: {
      frame_bytes: {
        label: 'Größte Sendung',
        help: 'Größere werden abgewiesen. Offene Verbindungen behalten ihre Grenze.',
      },
      batch_events: { label: 'Meiste Ereignisse in einer Sendung' },
      nesting: { label: 'Tiefste Schachtelung eines Ereignisses' },
      connections: { label: 'Meiste offene Verbindungen' },
    },
    recording: {
      flush_ms: {
        label: 'In die Datenbank nach',
        help: 'Schon davor liegen Ereignisse im Journal auf der Platte.',
      },
      buffer_mib: { label: 'Speicher für den Puffer' },
      segment_mib: { label: 'Größe einer Journaldatei' },
      grace_secs: {
        label: 'Auf einen verlorenen Client warten',
        help: 'Danach gelten seine Sitzungen als unterbrochen.',
      },
      silence_minutes: {
        label: 'Stille bis zur Unterbrechung',
        help: 'Eine Sitzung, von der so lange nichts kommt, gilt als unterbrochen.',
      },
      heartbeat_secs: {
        label: 'Clients anpingen alle',
        help: 'Wer dreimal schweigt, wird getrennt. Offene Verbindungen behalten ihren Takt.',
      },
    },
    notifications: {
      dropped: { label: 'Ein Client ist weg', help: 'Seine Sitzungen warten auf ihn.' },
      returned: { label: 'Er ist zurück', help: 'Mit der Zahl der nachgereichten Ereignisse.' },
      recovered: {
        label: 'Wiederherstellungen',
        help: 'Was ein Start unterbrochen fand und was eine Wiederherstellung brachte.',
      },
      damage: { label: 'Schäden', help: 'Beschädigte Bytes wurden beiseitegelegt.' },
      recording: { label: 'Die Aufzeichnung steht', help: 'Wird auch in der Ruhezeit gemeldet.' },
    },
    retention: {
      days: { label: 'Sitzungen löschen, die älter sind als', help: '0 behält sie für immer.' },
      keep_starred: { label: 'Markierte Sitzungen behalten' },
      max_gib: { label: 'Die ältesten löschen ab', help: '0 setzt keine Grenze.' },
    },
    trash: {
      keep_secs: {
        label: 'Im Papierkorb behalten für',
        help: 'Bis dahin lässt sich ein Löschen rückgängig machen.',
      },
    },
    editors: {
      claude_code: {
        enabled: {
          label: 'Dateien von Claude Code lesen',
          help: 'Seine Mitschriften ergänzen unterbrochene Sitzungen.',
        },
        path: {
          label: 'Ordner von Claude Code',
          help: 'Leer: dort, wo er gewöhnlich liegt.',
        },
      },
    },
  },
  section: {
    jump: 'Abschnitte',
    look: { title: 'Aussehen', lead: 'Gilt nur für dieses Fenster.' },
    app: { title: 'Start', lead: 'Ob der Recorder da ist, wenn Sie ihn brauchen.' },
    notifications: { title: 'Meldungen', lead: 'Was Ihnen der Schreibtisch sagt.' },
    recording: { title: 'Aufzeichnung', lead: 'Wann eine Sitzung als unterbrochen gilt.' },
    access: {
      title: 'Wer sich verbinden darf',
      lead: 'Niemand außerhalb dieses Rechners, außer Sie erlauben es hier.',
    },
    retention: { title: 'Behalten und löschen', lead: 'Wie lange Sitzungen bleiben.' },
    storage: { title: 'Speicherung', lead: 'Wo und wie es auf der Platte liegt.' },
    limits: { title: 'Grenzen', lead: 'Was ein Client höchstens senden darf.' },
    others: {
      title: 'Weitere',
      lead: 'Einstellungen dieses Recorders, für die diese Seite keine Worte hat.',
    },
    editors: {
      title: 'Dateien der Editoren',
      lead: 'Nur gelesen, um Unterbrochenes zu ergänzen. Nie verändert.',
    },
  },
  testNotification: {
    label: 'Ausprobieren',
    help: 'Zeigt jetzt eine Meldung, so wie Ausfälle, Rückkehr und Wiederherstellungen gemeldet werden.',
    do: 'Eine Meldung zeigen',
    shown: 'Sie wurde dem Schreibtisch übergeben. Sehen Sie sie nicht, hält er Meldungen zurück.',
  },
};
