// Addresses within the page: `#/session/ID?state=interrupted`.
//
// Owns reading and writing them, nothing that is shown. Pure. An address that is not known leads to the sessions.

export type Route =
  | { screen: 'sessions' }
  | { screen: 'trash' }
  | { screen: 'session'; id: string }
  | { screen: 'recovery' }
  | { screen: 'status' }
  | { screen: 'settings' }
  | { screen: 'welcome' };

export type Screen = Route['screen'];

export interface Place {
  route: Route;
  /** Filters, positions: what stands behind the question mark. */
  query: URLSearchParams;
}

const PLAIN = ['trash', 'recovery', 'status', 'settings', 'welcome'] as const;

export function read(hash: string): Place {
  const [path = '', ...rest] = hash.replace(/^#/, '').split('?');
  const query = new URLSearchParams(rest.join('?'));
  const [first, ...more] = path.split('/').filter((part) => part !== '');
  if (first === 'session' && more.length > 0) {
    const id = decode(more.join('/'));
    if (id !== undefined) return { route: { screen: 'session', id }, query };
  }
  const plain = PLAIN.find((name) => name === first);
  return { route: { screen: plain ?? 'sessions' }, query };
}

export function write(route: Route, query?: URLSearchParams | Record<string, string | undefined>): string {
  const path =
    route.screen === 'sessions'
      ? '/'
      : route.screen === 'session'
        ? `/session/${encodeURIComponent(route.id)}`
        : `/${route.screen}`;
  const pairs = query instanceof URLSearchParams ? [...query] : Object.entries(query ?? {});
  const params = new URLSearchParams();
  for (const [name, value] of pairs) if (value !== undefined && value !== '') params.append(name, value);
  const text = params.toString();
  return `#${path}${text === '' ? '' : `?${text}`}`;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
