// The settings of this workspace.
//
// Owns their names. Pure but for the editor's configuration.

import * as vscode from 'vscode';

export interface Settings {
  enabled: boolean;
  /** The user's own choice; nothing where it is the usual one. */
  server: string | undefined;
  dataDir: string;
  snapshotMs: number;
  idleMs: number;
  earlier: boolean;
}

export const SECTION = 'chasm.recording';

export function settings(): Settings {
  const all = vscode.workspace.getConfiguration(SECTION);
  const server = all.get('server', '').trim();
  const isUsual = server === '' || server === all.inspect<string>('server')?.defaultValue;
  return {
    enabled: all.get('enabled', true),
    server: isUsual ? undefined : server,
    dataDir: all.get('dataDir', '').trim(),
    snapshotMs: Math.max(5, all.get('snapshotSeconds', 30)) * 1000,
    idleMs: Math.max(1, all.get('idleMinutes', 15)) * 60_000,
    earlier: all.get('earlierChats', true),
  };
}
