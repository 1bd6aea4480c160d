// Where the chats of this window are.
//
// Owns the names of the editor's folders. Never computes the editor's hash of a workspace: it starts from the folder that the editor
// gives to the extension. A second window on a workspace gets a folder of its own, and its chats are in the first one's all the same.

import { basename, dirname, join } from 'node:path';

export interface Place {
  /** Session files are here. */
  sessions: string[];
  /** What Copilot's extension writes is here. */
  transcripts: string[];
}

const SESSIONS = 'chatSessions';
const TRANSCRIPTS = join('GitHub.copilot-chat', 'transcripts');
/** What the editor puts behind the name of a folder that another window has. */
const SECOND_WINDOW = /^(.+)-\d+$/;

/**
 * `storage` is the folder that the editor gives the extension for this workspace, none in an empty window; `shared` the one that
 * all windows have.
 */
export function placeOf(storage: string | undefined, shared: string): Place {
  if (storage === undefined) return emptyWindow(dirname(dirname(shared)));
  const own = dirname(storage);
  const first = SECOND_WINDOW.exec(basename(own))?.[1];
  const windows = first === undefined ? [own] : [join(dirname(own), first), own];
  return {
    sessions: windows.map((window) => join(window, SESSIONS)),
    transcripts: windows.map((window) => join(window, TRANSCRIPTS)),
  };
}

function emptyWindow(user: string): Place {
  return {
    sessions: [
      join(user, 'globalStorage', 'emptyWindowChatSessions'),
      join(user, 'workspaceStorage', 'no-workspace', SESSIONS),
    ],
    transcripts: [],
  };
}

/** The editor's id and its name for people, as the recorder's own reader names them. */
export interface Editor {
  id: string;
  name: string;
}

const FAMILY: [folder: RegExp, app: RegExp, id: string, name: string][] = [
  [/[\\/]Code - Insiders[\\/]User[\\/]/, /Insiders/, 'vscode-insiders', 'VS Code Insiders'],
  [/[\\/]VSCodium[\\/]User[\\/]/, /VSCodium/, 'vscodium', 'VSCodium'],
  [/[\\/]Cursor[\\/]User[\\/]/, /^Cursor/, 'cursor-vscode', 'Cursor (VS Code chat)'],
  [/[\\/]Windsurf[\\/]User[\\/]/, /^Windsurf/, 'windsurf', 'Windsurf'],
  [/[\\/]Positron[\\/]User[\\/]/, /^Positron/, 'positron', 'Positron'],
  [/[\\/]code-server[\\/]User[\\/]/, /^code-server/, 'code-server', 'code-server'],
  [/[\\/]\.vscode-server[\\/]/, /^$/, 'vscode-server', 'VS Code Server'],
];

/** By where it keeps its files, else by what it calls itself. */
export function editorOf(folder: string, app: string): Editor {
  const known =
    FAMILY.find(([home]) => home.test(folder)) ??
    (/[\\/]Code[\\/]User[\\/]/.test(folder) ? undefined : FAMILY.find(([, says]) => says.test(app)));
  return known === undefined ? { id: 'vscode', name: 'VS Code' } : { id: known[2], name: known[3] };
}
