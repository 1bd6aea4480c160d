// The editors of this computer, as the settings show them: which stand together, and which settings are whose.
//
// Pure. Never knows an editor: its name is the recorder's, its settings are found by its id. Invariant: every setting of an editor is
// shown, with the editor where the recorder tells of it, by itself where not.

import type { EditorView, SettingView } from '../../lib/api';
import { shown } from './sections';

export interface EditorRow {
  view: EditorView;
  /** Its files may be read. */
  on: boolean;
  /** The folder that is set; '' for the usual one. */
  folder: string;
  /** The setting behind `on`, and the one behind `folder`, where there are such. */
  enabled: SettingView | undefined;
  path: SettingView | undefined;
  /** Found on this computer, or set by hand: what was set stays in sight, so that it can be taken back. */
  here: boolean;
}

export interface EditorRows {
  rows: EditorRow[];
  /** Settings of editors that the recorder does not tell of. */
  rest: SettingView[];
}

const OF_ONE = /^editors\.[^.]+\./;

/** Whether this is the setting of one editor. */
export function isOfOneEditor(key: string): boolean {
  return OF_ONE.test(key);
}

export function rowsOf(views: readonly EditorView[], settings: readonly SettingView[]): EditorRows {
  const rest = new Map(settings.filter((one) => isOfOneEditor(one.key)).map((one) => [one.key, one]));
  const take = (key: string): SettingView | undefined => {
    const found = rest.get(key);
    rest.delete(key);
    return found;
  };
  const rows = views.map((view): EditorRow => {
    const name = `editors.${view.id.replaceAll('-', '_')}`;
    const [enabled, path] = [take(`${name}.enabled`), take(`${name}.path`)];
    const set = typeof enabled?.value === 'boolean' ? enabled.value : view.enabled;
    const [on, folder] = [set ?? true, shown(path?.value)];
    return { view, on, folder, enabled, path, here: view.found || !on || folder !== '' };
  });
  return { rows, rest: [...rest.values()] };
}

/** Which stand in the list and which are folded (`false`). Nothing goes from under the hand: what stands in the list stays there, and
    what is folded does not come out of the open fold. */
export function placesOf(
  rows: readonly EditorRow[],
  before: ReadonlyMap<string, boolean>,
  open: boolean,
): ReadonlyMap<string, boolean> {
  const place = ({ view: { id }, here }: EditorRow): boolean =>
    before.get(id) === true || (open && before.has(id) ? false : here);
  return new Map(rows.map((row) => [row.view.id, place(row)]));
}
