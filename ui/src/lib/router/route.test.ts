import { describe, expect, it } from 'vitest';
import { read, write, type Route } from './route';

describe('addresses within the page', () => {
  it.each<Route>([
    { screen: 'sessions' },
    { screen: 'session', id: 'a/b ?#%ä' },
    { screen: 'trash' },
    { screen: 'recovery' },
    { screen: 'status' },
    { screen: 'settings' },
    { screen: 'welcome' },
  ])('are read as they were written: $screen', (route) => {
    const place = read(write(route, { q: 'a&b', empty: undefined }));
    expect(place.route).toEqual(route);
    expect([...place.query]).toEqual([['q', 'a&b']]);
  });

  it('lead to the sessions where they make no sense', () => {
    for (const odd of ['', '#', '#/nowhere', '#/session', '#/session/%E0%A4%A', '#/__proto__']) {
      expect(read(odd).route).toEqual({ screen: 'sessions' });
    }
  });
});
