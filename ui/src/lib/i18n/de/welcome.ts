export default {
  title: 'Kein Gespräch geht mehr verloren',
  lead: 'Chasm Recorder schreibt Ihre KI-Chats mit, während sie geschehen, und setzt sie nach einem Absturz wieder zusammen.',
  what: {
    title: 'Was er tut',
    record:
      'Er zeichnet jede Nachricht auf, sobald sie da ist: Sie liegt auf der Platte, bevor Ihr Editor erfährt, dass sie ankam.',
    notice: 'Er bemerkt, wenn ein Editor abreißt, und nimmt auf, was dieser danach nachreicht.',
    recover:
      'Nach einem Absturz setzt er unterbrochene Sitzungen aus Ereignissen und Schnappschüssen zusammen und sagt, was fehlt.',
  },
  where: {
    title: 'Wo es liegt',
    body: 'In einem Ordner, den nur Sie lesen können:',
    free: '{{size}} sind auf dieser Platte frei.',
  },
  private: {
    title: 'Nichts verlässt diesen Rechner',
    body: 'Der Recorder lauscht an {{address}}; kein anderer Rechner kommt dorthin. Er ruft niemanden an: kein Konto, keine Cloud, keine Statistik.',
    open: 'Der Recorder lauscht an {{address}}: Andere Rechner kommen mit dem Schlüssel dorthin. Er ruft niemanden an: kein Konto, keine Cloud, keine Statistik.',
  },
  login: {
    title: 'Bei der Anmeldung starten?',
    body: 'Ein Recorder, der nicht läuft, zeichnet nichts auf.',
    failed: 'Es ließ sich nicht ändern: {{why}}',
    noDesktop: 'Das kann die Desktop-App. Dieser Recorder wurde von Hand gestartet (chasm serve).',
  },
  editors: {
    title: 'Ihre Editoren',
    found: 'Auf diesem Rechner gefunden:',
    none: 'Auf diesem Rechner wurde kein bekannter Editor gefunden.',
    sessions_one: '{{count, number}} Sitzung',
    sessions_other: '{{count, number}} Sitzungen',
    import: 'Alte Sitzungen aufnehmen',
    importNamed: 'Alte Sitzungen von {{name}} aufnehmen',
    importing: 'Wird aufgenommen …',
    imported_one: '{{count, number}} neues Ereignis aufgenommen',
    imported_other: '{{count, number}} neue Ereignisse aufgenommen',
    importFailed: 'Nicht aufgenommen: {{why}}',
    other: 'Alles andere: „chasm send“, oder die Adresse oben, über WebSocket oder REST.',
    connected_one: '{{count, number}} Client ist jetzt verbunden.',
    connected_other: '{{count, number}} Clients sind jetzt verbunden.',
    recorded_one: '{{count, number}} davon aufgezeichnet',
    recorded_other: '{{count, number}} davon aufgezeichnet',
    extension: 'verbindet sich über seine Erweiterung',
  },
  go: 'Zu meinen Sitzungen',
  later: 'All das steht auch unter „Einstellungen“.',
};
