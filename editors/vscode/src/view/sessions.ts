// The list of this workspace's chats in the side bar.
//
// Owns what is listed. Never asks while nobody looks. A list that could not be had says why, and keeps what it showed.

import * as vscode from 'vscode';
import type { Ask, Session, State } from '../recorder/ask';
import { ago } from './ago';

const REFRESH_MS = 10_000;
const SOON_MS = 400;

const LOOKS: Record<State, [icon: string, colour: string | undefined, word: string]> = {
  recording: ['circle-filled', 'charts.green', 'Recording'],
  completed: ['check', undefined, 'Completed'],
  interrupted: ['color-mode', 'charts.yellow', 'Interrupted'],
  recovered: ['history', 'charts.blue', 'Recovered'],
};

export class Sessions implements vscode.TreeDataProvider<Session>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #view: vscode.TreeView<Session>;
  readonly #timer: NodeJS.Timeout;
  #soon: NodeJS.Timeout | undefined;
  #sessions: Session[] = [];

  constructor(
    private readonly ask: Ask,
    private readonly workspace: string | undefined,
    private readonly enabled: () => boolean,
  ) {
    this.#view = vscode.window.createTreeView('chasm.sessions', {
      treeDataProvider: this,
      showCollapseAll: false,
    });
    this.#view.onDidChangeVisibility(({ visible }) => visible && this.refresh());
    this.#timer = setInterval(() => this.refresh(), REFRESH_MS);
  }

  /** Those of this workspace that are interrupted. */
  async interrupted(): Promise<Session[]> {
    if (this.workspace === undefined) return [];
    const sessions = await this.ask.sessions(this.workspace);
    return sessions.filter((session) => session.state === 'interrupted');
  }

  /** Asks anew, where somebody looks. */
  refresh(): void {
    if (this.#view.visible) this.#changed.fire();
  }

  /** The same, once for all that happens now. */
  refreshSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.refresh();
    }, SOON_MS);
  }

  async getChildren(parent?: Session): Promise<Session[]> {
    if (parent !== undefined || this.workspace === undefined) return [];
    try {
      this.#sessions = await this.ask.sessions(this.workspace);
      this.#say(
        !this.enabled() && this.#sessions.length === 0
          ? 'off'
          : this.#sessions.length === 0
            ? 'empty'
            : 'full',
      );
      this.#view.message = '';
    } catch {
      this.#say(this.#sessions.length === 0 ? 'unreachable' : 'full');
      if (this.#sessions.length > 0) this.#view.message = 'The recorder cannot be reached: as last seen.';
    }
    const open = this.#sessions.filter((session) => session.state === 'interrupted').length;
    this.#view.badge = open === 0 ? undefined : { value: open, tooltip: `${open} interrupted` };
    return this.#sessions;
  }

  getTreeItem(session: Session): vscode.TreeItem {
    const [icon, colour, word] = LOOKS[session.state];
    const item = new vscode.TreeItem(session.title);
    item.id = session.id;
    item.iconPath = new vscode.ThemeIcon(
      icon,
      colour === undefined ? undefined : new vscode.ThemeColor(colour),
    );
    const count = `${session.messages} message${session.messages === 1 ? '' : 's'}`;
    item.description = ago(session.lastEventAt, Date.now());
    const last = Number.isFinite(session.lastEventAt) ? new Date(session.lastEventAt).toLocaleString() : '';
    item.tooltip = `${session.title}\n${word} · ${count}\nLast change ${last}`;
    item.accessibilityInformation = { label: `${session.title}, ${word}, ${item.description}` };
    item.contextValue = session.state;
    item.command = { command: 'chasm.openSession', title: 'Open in the recorder', arguments: [session.id] };
    return item;
  }

  dispose(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    this.#view.dispose();
    this.#changed.dispose();
  }

  #say(list: 'full' | 'empty' | 'off' | 'unreachable'): void {
    void vscode.commands.executeCommand('setContext', 'chasm.list', list);
  }
}
