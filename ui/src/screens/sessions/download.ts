// Sessions as files on the reader's disk.
//
// Owns putting several into one file where the format can hold them. Never changes what the recorder wrote.

import { api, type ExportFormat, type SessionSummary } from '../../lib/api';
import { t } from '../../lib/i18n';
import { saveFile } from '../../lib/native';
import { toast } from '../../lib/stores';

export const FORMATS: readonly ExportFormat[] = ['markdown', 'html', 'json', 'jsonl'];

const TOGETHER: Record<ExportFormat, { name: string; type: string } | undefined> = {
  markdown: { name: 'sessions.md', type: 'text/markdown' },
  json: { name: 'sessions.json', type: 'application/json' },
  jsonl: { name: 'sessions.jsonl', type: 'application/x-ndjson' },
  // a page of its own each
  html: undefined,
};

export async function download(
  sessions: readonly Pick<SessionSummary, 'session_id'>[],
  format: ExportFormat,
): Promise<void> {
  const files: { name: string; content: Blob }[] = [];
  for (const session of sessions) {
    const answer = await api.exportSession(session.session_id, format);
    if (!answer.ok) {
      const why = answer.error.kind === 'refused' ? answer.error.message : t('error.away');
      toast({ tone: 'bad', title: t('sessions.export.failed'), body: why });
      return;
    }
    files.push(answer.value);
  }
  const together = TOGETHER[format];
  if (files.length > 1 && together) {
    saveFile(together.name, new Blob(joined(files, format), { type: together.type }));
  } else {
    for (const file of files) saveFile(file.name, file.content);
  }
  toast({ tone: 'good', title: t('sessions.export.done', { count: sessions.length }) });
}

function joined(files: readonly { content: Blob }[], format: ExportFormat): BlobPart[] {
  const parts: BlobPart[] = format === 'json' ? ['[\n'] : [];
  files.forEach((file, index) => {
    if (index > 0) parts.push(format === 'json' ? ',\n' : format === 'markdown' ? '\n\n---\n\n' : '');
    parts.push(file.content);
  });
  if (format === 'json') parts.push('\n]\n');
  return parts;
}
