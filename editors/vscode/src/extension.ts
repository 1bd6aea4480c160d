// The extension: records the chats of this workspace, and shows how that stands.
//
// Owns what is switched on and off. Never writes a word of a chat into its log.

import { mkdir } from 'node:fs/promises';
import * as vscode from 'vscode';
import { registerCommands } from './commands';
import { editorOf, placeOf } from './follow/places';
import type { Log } from './follow/outlet';
import { Ask } from './recorder/ask';
import { findRecorder } from './recorder/where';
import { Recording, type RecordingOptions } from './recording';
import { SECTION, settings } from './settings';
import { Bar } from './view/bar';
import { Sessions } from './view/sessions';
import type { Standing } from './view/status';

let running: Extension | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  running = new Extension(context);
  await running.apply();
}

export async function deactivate(): Promise<void> {
  await running?.stop('window_closed');
  running = undefined;
}

const OFF: Standing = {
  enabled: false,
  elsewhere: false,
  connection: 'closed',
  waiting: 0,
  refused: 0,
  live: 0,
  lastError: undefined,
};

class Extension {
  readonly #output = vscode.window.createOutputChannel('Chasm Recorder', { log: true });
  readonly #bar = new Bar();
  readonly #ask = new Ask(() => {
    const { server, dataDir } = settings();
    return findRecorder(server, dataDir);
  });
  readonly #workspace = workspacePath();
  readonly #sessions: Sessions;
  #recording: Recording | undefined;
  #wanted = '';
  #work: Promise<void> = Promise.resolve();

  constructor(private readonly context: vscode.ExtensionContext) {
    this.#sessions = new Sessions(this.#ask, this.#workspace, () => settings().enabled);
    const commands = registerCommands(this.#ask, this.#sessions, this.#output);
    const configured = vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration(SECTION)) void this.apply();
    });
    const trusted = vscode.workspace.onDidGrantWorkspaceTrust(() => void this.apply());
    context.subscriptions.push(this.#output, this.#bar, this.#sessions, configured, trusted, ...commands);
  }

  /** Does what the settings say. */
  apply(): Promise<void> {
    this.#work = this.#work
      .then(() => this.#apply())
      .catch((error: unknown) => {
        this.#output.error(
          `recording could not be started: ${error instanceof Error ? error.message : String(error)}`,
        );
        this.#show();
      });
    return this.#work;
  }

  async stop(reason: string): Promise<void> {
    await this.#work;
    const recording = this.#recording;
    this.#recording = undefined;
    await recording?.stop(reason);
  }

  async #apply(): Promise<void> {
    const { enabled, server, dataDir } = settings();
    const wanted = JSON.stringify([enabled, server, dataDir]);
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    const before = this.#recording;
    this.#recording = undefined;
    await before?.stop('switched_off');
    if (enabled) {
      const recording = new Recording(await this.#options(server, dataDir), this.#ask, this.#log(), () =>
        this.#show(),
      );
      await recording.start();
      this.#recording = recording;
    }
    this.#show();
    this.#sessions.refresh();
  }

  async #options(server: string | undefined, dataDir: string): Promise<RecordingOptions> {
    const { storageUri, globalStorageUri, extension } = this.context;
    const shared = globalStorageUri.fsPath;
    await mkdir(shared, { recursive: true });
    const editor = editorOf(shared, vscode.env.appName);
    return {
      place: placeOf(storageUri?.fsPath, shared),
      about: { provider: editor.id, editor: editor.name, workspace: this.#workspace },
      shared,
      sender: { client: `chasm-vscode/${versionOf(extension.packageJSON)}`, server, dataDir },
      wanted: settings,
    };
  }

  #log(): Log {
    return { info: (message) => this.#output.info(message), warn: (message) => this.#output.warn(message) };
  }

  #show(): void {
    const recording = this.#recording;
    this.#bar.show(recording === undefined ? OFF : { enabled: true, ...recording.standing });
    this.#sessions.refreshSoon();
  }
}

/** The workspace as the recorder's own reader of these files names it: a path. */
function workspacePath(): string | undefined {
  const file = vscode.workspace.workspaceFile;
  if (file?.scheme === 'file') return file.fsPath;
  return vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
}

function versionOf(manifest: unknown): string {
  const version = (manifest as { version?: unknown }).version;
  return typeof version === 'string' ? version : '0';
}
