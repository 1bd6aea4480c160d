// The server's settings on this page: as they are, and what became of each change.
//
// Owns asking and changing. Never decides whether a value is right. Invariant: what is shown as saved is what the server answered; a
// refused value changes nothing, and says why beside the field that was changed.

import { api, because, type ApiError, type SettingView } from '../../lib/api';
import { t } from '../../lib/i18n';
import { say } from '../../lib/stores';

export type Fate = { state: 'saving' } | { state: 'saved' } | { state: 'refused'; why: string; key: string };

const SAVED_MS = 2_500;

export class SettingsState {
  #all = $state.raw<readonly SettingView[] | undefined>();
  #error = $state.raw<ApiError | undefined>();
  #fates = $state.raw<Readonly<Record<string, Fate>>>({});

  get all(): readonly SettingView[] | undefined {
    return this.#all;
  }

  get error(): ApiError | undefined {
    return this.#error;
  }

  fate(key: string): Fate | undefined {
    return this.#fates[key];
  }

  find(key: string): SettingView | undefined {
    return this.#all?.find((one) => one.key === key);
  }

  async load(): Promise<void> {
    const answer = await api.settings();
    if (answer.ok) this.#all = answer.value.settings;
    this.#error = answer.ok ? undefined : answer.error;
  }

  /** Changes one setting; `null` goes back to the default. */
  async change(key: string, value: unknown): Promise<boolean> {
    return this.changeAll(key, { [key]: value });
  }

  /** Changes several that belong together; what came of it stands beside `shownAt`. */
  async changeAll(shownAt: string, values: Record<string, unknown>): Promise<boolean> {
    this.#settle(shownAt, { state: 'saving' });
    const answer = await api.changeSettings(values);
    if (answer.ok) {
      this.#all = answer.value.settings;
      this.#settle(shownAt, { state: 'saved' });
      say(t('settings.saved'));
      setTimeout(() => {
        if (this.#fates[shownAt]?.state === 'saved') this.#settle(shownAt, undefined);
      }, SAVED_MS);
      return true;
    }
    this.#settle(shownAt, refusal(answer.error, shownAt));
    return false;
  }

  /** Takes a refusal away, because the value goes back to what it was. */
  forget(key: string): void {
    this.#settle(key, undefined);
  }

  #settle(key: string, fate: Fate | undefined): void {
    const rest = Object.fromEntries(Object.entries(this.#fates).filter(([name]) => name !== key));
    this.#fates = fate === undefined ? rest : { ...rest, [key]: fate };
  }
}

/** The rule that was broken, beside what was changed. */
function refusal(error: ApiError, shownAt: string): Fate {
  const [first] = (error.kind === 'refused' && error.fields) || [];
  const why = first?.reason ?? because(error, t('error.away'));
  const key = first?.field ?? shownAt;
  return { state: 'refused', key, why: why.slice(0, 1).toLocaleUpperCase() + why.slice(1) };
}
