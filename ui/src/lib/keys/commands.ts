// What the palette can do besides opening a session: the list of commands, with what each is called.
//
// Owns the list, not how it is shown or found. Every command does what a button elsewhere does; none deletes anything.

import { api, because, type Result, type Status } from '../api';
import { t } from '../i18n';
import { copyText, serverAddress } from '../native';
import type { Route } from '../router/route';
import { go } from '../router/router.svelte';
import { recoverAll } from '../../screens/recovery/recovering.svelte';
import { status, take, theme, THEMES, toast } from '../stores';
import { openKeyMap } from './overlays.svelte';

export interface Command {
  id: string;
  name: string;
  /** Keys that do the same. */
  chord?: string;
  run: () => void;
}

/** What can be done now. */
export function commands(): Command[] {
  return [...ways(), ...recording(), ...page()];
}

function way(
  id: string,
  name: string,
  route: Route,
  query?: Record<string, string>,
  chord?: string,
): Command {
  return { id, name, run: () => go(route, query), ...(chord === undefined ? {} : { chord }) };
}

function ways(): Command[] {
  const sessions: Route = { screen: 'sessions' };
  return [
    way('sessions', t('keys.find.command.sessions'), sessions, undefined, 'g s'),
    way('recovery', t('keys.find.command.recovery'), { screen: 'recovery' }, undefined, 'g r'),
    way('status', t('keys.find.command.status'), { screen: 'status' }, undefined, 'g t'),
    way('settings', t('keys.find.command.settings'), { screen: 'settings' }, undefined, 'g e'),
    way('live', t('keys.find.command.live'), sessions, { state: 'recording' }),
    way('interrupted', t('keys.find.command.interrupted'), sessions, { state: 'interrupted' }),
    way('starred', t('keys.find.command.starred'), sessions, { starred: '1' }),
    way('trash', t('keys.find.command.trash'), { screen: 'trash' }),
    way('welcome', t('keys.find.command.welcome'), { screen: 'welcome' }),
  ];
}

function recording(): Command[] {
  const now = status.current;
  const list: Command[] = [];
  if ((now?.interrupted_sessions ?? 0) > 0) {
    list.push({ id: 'recover', name: t('keys.find.command.recoverAll'), run: recoverThem });
  }
  if (now?.status === 'paused') {
    list.push({ id: 'resume', name: t('keys.find.command.resume'), run: () => void resume() });
  } else if (now?.status === 'recording') {
    list.push(
      { id: 'pause15', name: t('keys.find.command.pause15'), run: () => void pause(15) },
      { id: 'pause60', name: t('keys.find.command.pause60'), run: () => void pause(60) },
      { id: 'pause', name: t('keys.find.command.pauseOpen'), run: () => void pause() },
    );
  }
  return list;
}

function page(): Command[] {
  const themes = THEMES.filter((name) => name !== theme.chosen).map((name) => ({
    id: `theme-${name}`,
    name: t(`keys.find.command.theme.${name}`),
    run: () => (theme.chosen = name),
  }));
  return [
    { id: 'keys', name: t('keys.find.command.keys'), chord: '?', run: openKeyMap },
    { id: 'address', name: t('keys.find.command.copyAddress'), run: () => void copyAddress() },
    ...themes,
  ];
}

function recoverThem(): void {
  go({ screen: 'recovery' });
  void recoverAll();
}

async function pause(minutes?: number): Promise<void> {
  tell(await api.pause(minutes), t('keys.find.done.paused'));
}

async function resume(): Promise<void> {
  tell(await api.resume(), t('keys.find.done.resumed'));
}

function tell(answer: Result<Status>, done: string): void {
  if (answer.ok) {
    take(answer.value);
    toast({ title: done, tone: 'good' });
  } else {
    const why = because(answer.error, t('error.away'));
    toast({ title: t('keys.find.done.failed', { why }), tone: 'bad' });
  }
}

async function copyAddress(): Promise<void> {
  const done = await copyText(serverAddress());
  toast(
    done
      ? { title: t('keys.find.done.copied'), body: serverAddress() }
      : { title: t('common.copyFailed'), tone: 'bad' },
  );
}
