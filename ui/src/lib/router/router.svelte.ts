// Where the page is.
//
// Owns the current place and follows the address bar. Going somewhere is always a change of the address, so that back, forward,
// bookmarks and links of the app work.

import { read, write, type Place, type Route } from './route';

let place = $state.raw<Place>(read(window.location.hash));

window.addEventListener('hashchange', () => {
  place = read(window.location.hash);
});

export const router = {
  get place(): Place {
    return place;
  },
  get route(): Route {
    return place.route;
  },
  get query(): URLSearchParams {
    return place.query;
  },
};

type Query = URLSearchParams | Record<string, string | undefined>;

export function go(route: Route, query?: Query): void {
  window.location.hash = write(route, query);
}

/** Changes what stands behind the question mark without a new step in the history. */
export function adjust(changes: Record<string, string | undefined>): void {
  const query = new URLSearchParams(place.query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') query.delete(name);
    else query.set(name, value);
  }
  replace(place.route, query);
}

export function replace(route: Route, query?: Query): void {
  const hash = write(route, query);
  window.history.replaceState(window.history.state, '', hash);
  place = read(hash);
}

/** The address of a place, for links. */
export { write as href };
