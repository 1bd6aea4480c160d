// Names one after the other, as the reader's language joins them.
//
// Pure but for the language. Never shortens: what is named is named.

import { locale } from '../i18n';

/** «Ada, Bob, and Cleo». */
export function listed(names: readonly string[]): string {
  return new Intl.ListFormat(locale.current, { type: 'conjunction' }).format(names);
}
