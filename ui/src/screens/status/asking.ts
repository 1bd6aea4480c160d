// A web page that was refused just now, told to whoever looks: a notice with a button that lets it record.
//
// Owns no list: what was missed stands among the notices of the status. The recorder tells of a page once a day.

import { because, type LifecycleEvent } from '../../lib/api';
import { t } from '../../lib/i18n';
import { onLive, toast } from '../../lib/stores';
import { Sites } from './sites.svelte';

/** Time to read it and to think about it. */
const ASKED_MS = 30_000;

export function startSites(): () => void {
  const sites = new Sites();
  return onLive({ event: (event) => event.type === 'lifecycle' && hear(event.event, sites) });
}

function hear(event: LifecycleEvent, sites: Sites): void {
  if (event.kind !== 'origin_refused') return;
  const { origin } = event;
  toast({
    title: t('status.notices.origin.title', { origin }),
    body: t('status.notices.origin.body'),
    act: { label: t('status.notices.origin.allow'), run: () => void allow(origin, sites) },
    forMs: ASKED_MS,
  });
}

/** Lets it record, and says how that went. */
export async function allow(origin: string, sites: Sites): Promise<void> {
  const error = await sites.allow(origin);
  if (error)
    toast({
      tone: 'bad',
      title: t('status.notices.origin.failed', { origin }),
      body: because(error, t('error.away')),
    });
  else toast({ tone: 'good', title: t('status.notices.origin.may', { origin }) });
}
