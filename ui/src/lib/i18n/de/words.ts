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

export const lifecycle = {
  started: 'Eine Sitzung begann',
  connected: 'Ein Client ist verbunden',
  dropped: '{{name}} ist weg',
  interrupted: 'Eine Sitzung wurde unterbrochen',
  reconnected: 'Eine Sitzung geht weiter',
  completed: 'Eine Sitzung ist abgeschlossen',
  recovered: 'Sitzungen wurden wiederhergestellt',
  recovery_at_start: 'Der Recorder wurde gestartet',
  damage_found: 'Schaden gefunden und beiseitegelegt',
  recording_stopped: 'Die Aufzeichnung steht',
  recording_resumed: 'Die Aufzeichnung läuft wieder',
  paused: 'Die Aufzeichnung wurde angehalten',
  resumed: 'Die Aufzeichnung wurde fortgesetzt',
  deleted: 'Eine Sitzung wurde gelöscht',
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
  screenBody: 'Vielleicht wurde der Recorder aktualisiert, während die Seite offen war.',
  reload: 'Seite neu laden',
};
