export const state = {
  recording: 'Zeichnet auf',
  completed: 'Abgeschlossen',
  interrupted: 'Unterbrochen',
  recovered: 'Wiederhergestellt',
  paused: 'Angehalten',
  stopped: 'Zeichnet nicht auf',
  away: 'Nicht erreichbar',
};

export const reason = {
  disconnect: 'der Client war weg',
  server_crash: 'der Recorder endete ohne Vorwarnung',
  server_stop: 'der Recorder wurde beendet',
  timeout: '30 Minuten lang kam nichts',
};

export const origin = {
  event: 'aus Ereignissen',
  snapshot: 'aus einem Schnappschuss',
  editor_file: 'aus der Datei des Editors',
};

export const role = {
  user: 'Sie',
  assistant: 'Assistent',
  system: 'System',
  tool: 'Werkzeug',
};

export const error = {
  away: 'Der Recorder ist nicht erreichbar',
  awayBody:
    'Was aufgezeichnet wurde, liegt sicher auf der Platte. Starten Sie Chasm Recorder, dann geht es hier von selbst weiter.',
  awayRetry: 'Neuer Versuch in {{seconds}} s. Was aufgezeichnet wurde, liegt sicher auf der Platte.',
  unauthorized: 'Diese Seite darf Ihre Sitzungen nicht lesen',
  unauthorizedBody: 'Öffnen Sie sie neu mit „chasm open“ oder über das Symbol in der Leiste.',
  refused: 'Das ging nicht',
  odd: 'Etwas anderes als der Recorder hat geantwortet ({{what}}).',
  retry: 'Jetzt versuchen',
  screen: 'Dieser Teil der Seite ließ sich nicht laden',
  screenBody:
    'Er kommt von selbst, sobald der Recorder antwortet; vielleicht wurde er aktualisiert, während die Seite offen war.',
  reload: 'Seite neu laden',
};

export const problem = {
  disk_full: 'Die Platte ist voll. Schaffen Sie Platz, dann geht die Aufzeichnung von selbst weiter.',
  sync_failed: 'Das Journal lässt sich nicht schreiben.',
  database_failed: 'Die Datenbank lässt sich nicht schreiben. Ereignisse warten im Journal auf der Platte.',
  stopping: 'Der Recorder wird beendet.',
  room: '{{free}} sind frei, {{needed}} werden gebraucht.',
  restart: 'Starten Sie den Recorder neu; was bestätigt war, ist sicher.',
  goesOn: 'Sobald es geht, läuft es von selbst weiter.',
};
