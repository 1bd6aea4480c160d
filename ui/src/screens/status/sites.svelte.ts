// Web pages that may record, as far as the list of notices needs to know.
//
// Owns the list as last read; a change goes to the recorder, which decides. Invariant: a page is shown as allowed only after the
// recorder said so.

import { api, type ApiError, type SettingsAnswer } from '../../lib/api';

const KEY = 'allowed_origins';

export class Sites {
  /** Not read yet: nobody is shown as allowed. */
  #allowed = $state.raw<readonly string[]>([]);
  #busy = $state.raw<string | undefined>();
  #read = false;

  isAllowed(origin: string): boolean {
    return this.#allowed.includes(origin);
  }

  /** The one that is being allowed. */
  get busy(): string | undefined {
    return this.#busy;
  }

  /** Reads the list, once. */
  async look(): Promise<void> {
    if (this.#read) return;
    this.#read = true;
    const answer = await api.settings();
    this.#read = answer.ok;
    if (answer.ok) this.#allowed = allowedIn(answer.value);
  }

  /** Allows one more. The list is read anew first, for it may have been changed elsewhere. */
  async allow(origin: string): Promise<ApiError | undefined> {
    if (this.#busy !== undefined) return undefined;
    this.#busy = origin;
    const error = await this.#add(origin);
    this.#busy = undefined;
    return error;
  }

  async #add(origin: string): Promise<ApiError | undefined> {
    const now = await api.settings();
    if (!now.ok) return now.error;
    const before = allowedIn(now.value).filter((one) => one !== origin);
    const changed = await api.changeSettings({ [KEY]: [...before, origin] });
    if (!changed.ok) return changed.error;
    this.#allowed = allowedIn(changed.value);
    return undefined;
  }
}

function allowedIn(answer: SettingsAnswer): string[] {
  const value: unknown = answer.settings.find((one) => one.key === KEY)?.value;
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}
