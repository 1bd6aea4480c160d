// Start at login, as the desktop app tells it.
//
// Owns asking and changing. `undefined`: not known yet; `null`: this recorder has no desktop app, which owns the setting.

import { api, because, optional } from '../../lib/api';
import { t } from '../../lib/i18n';
import { onLive, status } from '../../lib/stores';
import type { Fate } from './settingsState.svelte';

export class LoginState {
  #on = $state<boolean | null | undefined>();
  #fate = $state.raw<Fate | undefined>();

  get on(): boolean | null | undefined {
    return this.#on;
  }

  get fate(): Fate | undefined {
    return this.#fate;
  }

  /** Asks, again after the recorder was away; use it in an effect. */
  follow(): () => void {
    let stop = this.#load();
    const forget = onLive({ resync: () => (stop = this.#load()) });
    return () => {
      stop();
      forget();
    };
  }

  #load(): () => void {
    const stop = new AbortController();
    void this.#ask(stop.signal);
    return () => stop.abort();
  }

  async #ask(signal: AbortSignal): Promise<void> {
    // the status tells of the desktop too: where there is none, nobody is asked what only it knows
    const told = status.current ? undefined : await api.status(signal);
    const now = status.current ?? (told?.ok ? told.value : undefined);
    if (now?.desktop === null) {
      this.#on = null;
      return;
    }
    const answer = await optional.app(signal);
    // where nobody answers, nothing is known
    if (answer.ok) this.#on = answer.value?.start_at_login ?? null;
  }

  async change(next: boolean): Promise<void> {
    this.#fate = { state: 'saving' };
    const answer = await optional.startAtLogin(next);
    if (answer.ok && answer.value) {
      this.#on = answer.value.start_at_login;
      this.#fate = { state: 'saved' };
      return;
    }
    const why = answer.ok ? t('settings.login.noDesktop') : because(answer.error, t('error.away'));
    this.#fate = { state: 'refused', key: 'start_at_login', why };
  }
}
