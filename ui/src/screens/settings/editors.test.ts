import { cleanup, render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { live, recorder, Refusal, tell, type Asked } from '../../../tests/recorder';
import type { EditorView, SettingView } from '../../lib/api';
import { setLocale } from '../../lib/i18n';
import { isOfOneEditor, placesOf, rowsOf } from './editors';
import Settings from './Settings.svelte';

const setting = (key: string, value: unknown, kind = 'switch', more: object = {}): SettingView => ({
  kind: kind as SettingView['kind'],
  key,
  about: `about ${key}`,
  value,
  running: value,
  default: value,
  live: true,
  restart_needed: false,
  ...more,
});
const both = (name: string, on = true, folder = ''): SettingView[] => [
  setting(`editors.${name}.enabled`, on),
  setting(`editors.${name}.path`, folder, 'text'),
];
const view = (id: string, more: Partial<EditorView> = {}): EditorView => ({
  id,
  name: id.toUpperCase(),
  found: true,
  path: `/home/ada/.${id}`,
  sessions: 1_204,
  recorded: 1_204,
  enabled: true,
  follow: true,
  how: 'import',
  ...more,
});

const SETTINGS = [
  setting('editors.follow', true),
  setting('editors.idle_secs', 300, 'number', { min: 5, max: 86_400, unit: 's' }),
  ...both('one'),
  ...both('two_b'),
  ...both('gone'),
  ...both('far'),
];
const EDITORS = [
  view('one', { hidden: 12, expiring: 3 }),
  view('two-b', { sessions: 5, recorded: 4 }),
  view('gone', { found: false, sessions: null, recorded: null }),
  view('far', { found: false, sessions: null, recorded: null }),
];

interface Server {
  log: Asked[];
  editors: EditorView[];
}

/** A server that takes what it is told, but for paths that are none. */
function server(editors = EDITORS, settings = SETTINGS): Server {
  const made: Server = { log: [], editors };
  let all = settings;
  made.log = recorder({
    'GET /api/app': new Refusal(409, 'no_desktop', 'there is no desktop'),
    'GET /api/editors': () => made.editors,
    'GET /api/settings': () => ({ settings: all, restart_needed: false }),
    'PATCH /api/settings': ({ body }: Asked) => {
      const changes = body as Record<string, unknown>;
      const [field = ''] = Object.keys(changes);
      const reason = 'the full path of a folder is needed';
      if (field.endsWith('.path') && !/^(\/|$)/.test(String(changes[field])))
        return new Refusal(422, 'invalid_field', `\`${field}\`: ${reason}`, { field, reason });
      all = all.map((one) => (one.key in changes ? { ...one, value: changes[one.key] } : one));
      return { settings: all, restart_needed: false };
    },
  });
  return made;
}

const patches = ({ log }: Server): unknown[] =>
  log.filter((one) => one.method === 'PATCH').map((one) => one.body);
const row = async (name: string): Promise<HTMLElement> =>
  (await screen.findByRole('switch', { name: `Read the files of ${name}` })).closest('li') as HTMLElement;

afterEach(async () => {
  cleanup();
  vi.unstubAllGlobals();
  await setLocale('en');
});

describe('which editor a setting is of', () => {
  it('is told by its id, with every setting in one place', () => {
    expect(['editors.follow', 'editors.a_b.path'].map(isOfOneEditor)).toEqual([false, true]);
    const { rows, rest } = rowsOf([view('two-b')], [...SETTINGS, setting('editors.two_b.new', 1)]);
    expect(rows.map(({ enabled, path }) => [enabled?.key, path?.key])).toEqual([
      ['editors.two_b.enabled', 'editors.two_b.path'],
    ]);
    expect(rest.map((one) => one.key)).toEqual([
      'editors.one.enabled',
      'editors.one.path',
      'editors.gone.enabled',
      'editors.gone.path',
      'editors.far.enabled',
      'editors.far.path',
      'editors.two_b.new',
    ]);
  });

  it('keeps in sight what was set by hand', () => {
    const absent = { found: false };
    const all = [...both('off', false), ...both('put', true, '/x'), ...both('plain')];
    const { rows } = rowsOf([view('off', absent), view('put', absent), view('plain', absent)], all);
    expect(rows.map((one) => one.here)).toEqual([true, true, false]);
    // where there is no setting, the recorder's word
    expect(rowsOf([view('odd', { enabled: false })], []).rows[0]).toMatchObject({ on: false, here: true });
  });

  it('moves nothing away from under the hand', () => {
    const rows = (...here: boolean[]) =>
      here.map((one, n) => ({ ...rowsOf([view(`e${n}`)], []).rows[0], here: one }) as never);
    const first = placesOf(rows(true, false), new Map(), false);
    expect([...first.values()]).toEqual([true, false]);
    expect([...placesOf(rows(false, true), first, true).values()]).toEqual([true, false]);
    expect([...placesOf(rows(false, true), first, false).values()]).toEqual([true, true]);
  });
});

describe('the editors in the settings', () => {
  it('are one list: what each has, what it shows no more, what it deletes soon', async () => {
    server();
    render(Settings);
    const one = within(await row('ONE'));
    expect(one.getByText('1,204 sessions, all recorded')).toBeVisible();
    expect(one.getByText('/home/ada/.one')).toBeVisible();
    expect(one.getByText('12 are not shown by the editor any more')).toBeVisible();
    const soon = one.getByText('3 will be deleted by the editor soon and are not recorded yet');
    expect(soon.parentElement?.querySelector('svg')).not.toBeNull();
    expect(within(await row('TWO-B')).getByText('5 sessions, 4 of them recorded')).toBeVisible();
    expect(screen.getByRole('switch', { name: 'Follow editors’ files' })).toBeChecked();
    expect(screen.getByLabelText('Quiet until completed')).toHaveValue('300');
    // no setting of an editor stands a second time
    expect(screen.queryByText(/about editors/)).toBeNull();
  });

  it('that are not found are folded at the end', async () => {
    server();
    render(Settings);
    expect(await screen.findByText('Not found on this computer: GONE and FAR.')).toBeVisible();
    expect(screen.queryByRole('switch', { name: /GONE/ })).toBeNull();
    const fold = screen.getByRole('button', { name: 'Show them' });
    expect(fold).toHaveAttribute('aria-expanded', 'false');
    await userEvent.click(fold);
    expect(within(await row('GONE')).getByText('not on this computer')).toBeVisible();
    await userEvent.click(screen.getByRole('button', { name: 'Fold them' }));
    expect(screen.queryByRole('switch', { name: /GONE/ })).toBeNull();
    await setLocale('de');
    expect(await screen.findByText('Nicht auf diesem Rechner gefunden: GONE und FAR.')).toBeVisible();
  });

  it('are switched off where they stand', async () => {
    const made = server();
    render(Settings);
    await row('ONE');
    made.editors = EDITORS.map((one) =>
      one.id === 'one' ? view('one', { found: false, path: null, sessions: null, recorded: null }) : one,
    );
    await userEvent.click(screen.getByRole('switch', { name: 'Read the files of ONE' }));
    expect(patches(made)).toEqual([{ 'editors.one.enabled': false }]);
    const one = within(await row('ONE'));
    expect(await one.findByText('switched off: its files are not read')).toBeVisible();
    await waitFor(() => expect(made.log.filter(({ path }) => path === '/api/editors')).toHaveLength(2));
    // on again: it stays where it is, though it is not found yet
    await userEvent.click(screen.getByRole('switch', { name: 'Read the files of ONE' }));
    expect(await within(await row('ONE')).findByText('not on this computer')).toBeVisible();
    expect(screen.getByText('Not found on this computer: GONE and FAR.')).toBeVisible();
  });

  it('have their folder changed in place, by keyboard alone', async () => {
    const made = server();
    render(Settings);
    const change = within(await row('TWO-B')).getByRole('button', { name: 'Change folder of TWO-B' });
    expect(screen.queryByLabelText('Folder of TWO-B')).toBeNull();
    change.focus();
    await userEvent.keyboard('{Enter}');
    const field = await screen.findByLabelText('Folder of TWO-B');
    await waitFor(() => expect(field).toHaveFocus());
    expect(change).toHaveAttribute('aria-expanded', 'true');
    expect(field).toHaveAccessibleDescription(/^The full path. Empty: the usual folder.\s*$/);

    await userEvent.keyboard('b/c{Enter}');
    expect(await screen.findByRole('alert')).toHaveTextContent(
      'Not saved. The full path of a folder is needed',
    );
    expect(field).toHaveValue('b/c');
    expect(field).toHaveAttribute('aria-invalid', 'true');
    expect(field).toHaveAccessibleDescription(/full path of a folder is needed/);

    await userEvent.keyboard('{Escape}');
    await waitFor(() => expect(change).toHaveFocus());
    expect(screen.queryByRole('alert')).toBeNull();
    expect(screen.queryByLabelText('Folder of TWO-B')).toBeNull();

    await userEvent.keyboard('{Enter}');
    await waitFor(() => expect(screen.getByLabelText('Folder of TWO-B')).toHaveFocus());
    await userEvent.keyboard('/b/c{Enter}');
    await waitFor(() => expect(change).toHaveFocus());
    expect(within(await row('TWO-B')).getByText('/b/c')).toBeVisible();
    expect(patches(made)).toEqual([{ 'editors.two_b.path': 'b/c' }, { 'editors.two_b.path': '/b/c' }]);
  });

  it('are counted anew when an import is done', async () => {
    const made = server();
    render(Settings);
    await live();
    await row('TWO-B');
    made.editors = [view('two-b', { sessions: 5, recorded: 5 })];
    await tell({ type: 'progress', operation: 'import', done: 5, total: 5 });
    expect(await within(await row('TWO-B')).findByText('5 sessions, all recorded')).toBeVisible();
  });

  it('that the recorder does not tell of have their settings all the same', async () => {
    server([], both('new'));
    render(Settings);
    expect(await screen.findByLabelText('editors.new.path')).toBeVisible();
    expect(screen.getByText('about editors.new.enabled')).toBeVisible();
  });
});
