// Words in the reader's language.

export { LOCALES, locale, setLocale, startLocale, t, type Locale, type MessageKey } from './i18n.svelte';
