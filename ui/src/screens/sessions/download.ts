// Sessions as files on the reader's disk.
//
// Owns asking for them: one as its own file, several as one zip. Never changes what the recorder wrote.

import { api, because, type ExportFormat, type SessionSummary } from '../../lib/api';
import { t } from '../../lib/i18n';
import { inApp, onSaved, saveFile } from '../../lib/native';
import { toast } from '../../lib/stores';

export const FORMATS: readonly ExportFormat[] = ['markdown', 'html', 'json', 'jsonl'];

/** A path takes a moment to read. */
const SAVED_MS = 8_000;
/** So many go into one zip. */
export const ZIP_MOST = 1_000;

export async function download(
  sessions: readonly Pick<SessionSummary, 'session_id'>[],
  format: ExportFormat,
): Promise<void> {
  const ids = sessions.map((session) => session.session_id);
  const [only] = ids;
  for (let from = 0; from < ids.length; from += ZIP_MOST) {
    const answer =
      ids.length === 1 && only !== undefined
        ? await api.exportSession(only, format)
        : await api.exportSessions(ids.slice(from, from + ZIP_MOST), format);
    if (!answer.ok) {
      const body = because(answer.error, t('error.away'));
      toast({ tone: 'bad', title: t('sessions.export.failed'), body });
      return;
    }
    saveFile(answer.value.name, answer.value.content);
  }
  // the window says itself where it wrote the file, or that it could not
  if (!inApp()) toast({ tone: 'good', title: t('sessions.export.done', { count: ids.length }) });
}

/** Tells where the window wrote a file. For as long as the page is open. */
export function startSaved(): () => void {
  return onSaved(({ path, done }) =>
    done
      ? toast({ tone: 'good', title: t('sessions.export.saved', { path }), forMs: SAVED_MS })
      : toast({ tone: 'bad', title: t('sessions.export.notSaved'), body: path }),
  );
}
