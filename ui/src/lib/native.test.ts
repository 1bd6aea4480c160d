import { afterEach, describe, expect, it } from 'vitest';
import { onSaved, openOutside, replaceToken, token, type Saved } from './native';

afterEach(() => {
  delete window.__CHASM__;
  delete window.__TAURI_INTERNALS__;
});

describe('the window', () => {
  it('shows the new token once there is one, a browser none', () => {
    replaceToken('new');
    expect(token()).toBeUndefined();
    window.__CHASM__ = { server: 'http://127.0.0.1:1', token: 'old' };
    replaceToken('new');
    expect(window.__CHASM__).toEqual({ server: 'http://127.0.0.1:1', token: 'new' });
  });

  it('tells where it saved a file, or that it did not', () => {
    const heard: Saved[] = [];
    const stop = onSaved((saved) => heard.push(saved));
    const tell = (detail: unknown): boolean =>
      window.dispatchEvent(new CustomEvent('chasm-saved', { detail }));
    tell({ path: '/home/ada/x.md', done: true });
    tell({ path: 7 });
    tell(undefined);
    stop();
    tell({ path: '/late', done: true });
    expect(heard).toEqual([
      { path: '/home/ada/x.md', done: true },
      { path: '', done: false },
    ]);
  });

  it('says where it refuses to open an address', async () => {
    window.__TAURI_INTERNALS__ = { invoke: () => Promise.reject(new Error('refused')) };
    await expect(openOutside('https://example.org/')).rejects.toThrow('refused');
    // never asked at all
    await expect(openOutside('file:///etc/passwd')).resolves.toBeUndefined();
  });
});
