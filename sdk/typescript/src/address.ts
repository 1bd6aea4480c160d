// The recorder's address, as people write it.
//
// Owns what is an address. One with a path, a query or a name in it is refused: a token never has its place there.

import { OptionError } from './errors.js';

export function serverUrl(text: string): string {
  const full = text.includes('://') ? text : `http://${text}`;
  let url: URL;
  try {
    url = new URL(full);
  } catch {
    throw new OptionError(`${text} is no address: it looks like http://127.0.0.1:8787`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new OptionError(`${text} is no address of a recorder: it begins with http://`);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '')
    throw new OptionError('the address of a recorder has host and port, nothing else');
  return url.origin;
}

/** Whether it is this machine. */
export function isLoopback(url: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname);
}
