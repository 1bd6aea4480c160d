// A real VS Code in a real browser, on folders of its own.
//
// Owns its processes and folders: all are gone after `end`. Nothing outside of this machine is asked for.

import { spawn, execFile, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { browserPath } from '../../../../../tests/e2e/src/places';
import { until } from '../../../../../tests/e2e/src/wait';
import { EDITOR, EXTENSION, NODE, PARTICIPANT } from './places';

const START_MS = 90_000;
const SETTINGS = {
  'workbench.startupEditor': 'none',
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'update.mode': 'none',
  'chat.disableAIFeatures': false,
  'workbench.tips.enabled': false,
  'chat.commandCenter.enabled': false,
};
const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
];

const running = new Set<number>();
process.on('exit', () => running.forEach((pid) => stop(pid)));

export class Editor {
  page!: Page;
  #server: ChildProcess | undefined;
  #browser: BrowserContext | undefined;
  #port = 0;

  private constructor(readonly root: string) {}

  /** Installs the extension and the chat, and opens a window. */
  static async start(settings: Record<string, unknown>): Promise<Editor> {
    const editor = new Editor(await mkdtemp(join(tmpdir(), 'chasm-vscode-')));
    await mkdir(editor.workspace);
    for (const name of ['User', 'Machine']) await mkdir(join(editor.user, name), { recursive: true });
    await writeFile(join(editor.workspace, 'readme.md'), '# A workspace\n');
    await writeFile(join(editor.root, 'config.yaml'), 'auth: none\n');
    await editor.settings(settings);
    for (const file of [EXTENSION, PARTICIPANT]) {
      const install = [...editor.#folders(), '--install-extension', file, '--force'];
      await promisify(execFile)(NODE, [EDITOR, ...install], { env: editor.#environment() });
    }
    await editor.open();
    return editor;
  }

  get workspace(): string {
    return join(this.root, 'workspace');
  }

  get user(): string {
    return join(this.root, 'user');
  }

  async settings(settings: Record<string, unknown>): Promise<void> {
    await writeFile(join(this.user, 'User', 'settings.json'), JSON.stringify(SETTINGS));
    // where the recorder is, is a matter of the machine that the window is on
    await writeFile(join(this.user, 'Machine', 'settings.json'), JSON.stringify(settings));
  }

  /** Starts the editor, on the same port each time: its folder's name is made of it. */
  async open(): Promise<void> {
    this.#port ||= await freePort();
    const log = openSync(join(this.root, 'editor.log'), 'a');
    const server = spawn(
      NODE,
      [
        EDITOR,
        ...this.#folders(),
        ...[
          '--bind-addr',
          `127.0.0.1:${this.#port}`,
          '--auth',
          'none',
          '--disable-telemetry',
          '--disable-update-check',
        ],
        ...['--disable-workspace-trust', '--disable-getting-started-override'],
        ...['--enable-proposed-api', 'chasmtests.chat-for-tests'],
        this.workspace,
      ],
      { env: this.#environment(), detached: true, stdio: ['ignore', log, log] },
    );
    closeSync(log);
    this.#server = server;
    if (server.pid !== undefined) running.add(server.pid);
    const healthy = () =>
      fetch(`http://127.0.0.1:${this.#port}/healthz`).then(
        (answer) => answer.ok,
        () => false,
      );
    await until(healthy, 'the editor to start', START_MS);
    this.#browser = await chromium.launchPersistentContext(join(this.root, 'browser'), {
      executablePath: browserPath(),
      headless: true,
      viewport: { width: 1280, height: 800 },
      args: FLAGS,
    });
    // nothing outside of this machine may be asked for
    await this.#browser.route(
      (url) => !['127.0.0.1', 'localhost'].includes(url.hostname),
      (route) => route.abort(),
    );
    this.page = this.#browser.pages()[0] ?? (await this.#browser.newPage());
    await this.load();
  }

  /** Loads the window, anew where it is open. */
  async load(): Promise<void> {
    await this.page.goto(`http://127.0.0.1:${this.#port}/?folder=${encodeURIComponent(this.workspace)}`);
    await this.page.waitForSelector('.monaco-workbench', { timeout: START_MS });
  }

  /** A second window on the same workspace: from now on it is the one that is used. Gives back the one before. */
  async openSecond(): Promise<Page> {
    const first = this.page;
    this.page = await first.context().newPage();
    await this.load();
    return first;
  }

  /** Clicks on a chat in the side bar; the page that it opens. */
  async openChat(title: string): Promise<string> {
    await this.page.locator('.activitybar [aria-label^="Chasm Recorder"]').first().click();
    const row = this.page.locator('[id="workbench.view.extension.chasm"] .monaco-list-row', {
      hasText: title,
    });
    await row.first().waitFor({ timeout: 30_000 });
    const opened = this.page.context().waitForEvent('page', { timeout: 30_000 });
    await row.first().click();
    const page = await opened;
    await page.waitForURL(/#\/session\//, { timeout: 30_000 });
    const url = page.url();
    await page.close();
    return url;
  }

  /** What the status bar says of the recorder. */
  status(): Promise<string> {
    return this.page
      .locator('[id="chasm.chasm-recorder.chasm.status"]')
      .textContent({ timeout: 1_000 })
      .then(
        (text) => (text ?? '').trim(),
        () => '',
      );
  }

  /** Types into the Chat view, and sends. */
  async ask(prompt: string): Promise<void> {
    const input = this.page
      .locator('.interactive-input-part .monaco-editor, .chat-input-container .monaco-editor')
      .first();
    // the chat's model comes a moment after the view
    await this.page
      .locator('.interactive-session, .chat-view-container')
      .getByText('Still')
      .first()
      .waitFor({ timeout: 60_000 });
    await input.click({ timeout: 30_000 });
    await this.page.keyboard.insertText(prompt);
    await until(
      async () => (await input.textContent())?.replaceAll('\u00a0', ' ').includes(prompt.slice(0, 12)),
      'the prompt',
    );
    await this.page.keyboard.press('Enter');
  }

  /** Waits until the Chat view shows this. */
  async shows(text: string): Promise<void> {
    await this.page.locator('.interactive-session').getByText(text).last().waitFor({ timeout: 30_000 });
  }

  /** Runs a command from the palette. */
  async command(title: string): Promise<void> {
    await this.page.keyboard.press('F1');
    await this.page.locator('.quick-input-widget input').fill(`>${title}`);
    await this.page.locator('.quick-input-list .monaco-list-row').first().waitFor();
    await this.page.keyboard.press('Enter');
  }

  /** The session files of the workspace, whichever folder the editor gave it. */
  async sessionFiles(): Promise<string[]> {
    const storage = join(this.user, 'User', 'workspaceStorage');
    const found = await readdir(storage, { recursive: true }).catch(() => []);
    return found
      .filter((path) => /chatSessions\/[^/]+\.jsonl?$/.test(path))
      .map((path) => join(storage, path));
  }

  /** Resolves with the time at which a session file says this. */
  async written(text: string): Promise<number> {
    return until(
      async () => {
        for (const path of await this.sessionFiles()) {
          if ((await readFile(path, 'utf8')).includes(text)) return Date.now();
        }
        return undefined;
      },
      `a session file to say «${text}»`,
      90_000,
    );
  }

  /** Keeps what the window looks like, for people: in `CHASM_PICTURES`, where that is set. */
  async picture(name: string): Promise<void> {
    const folder = process.env['CHASM_PICTURES'];
    if (folder !== undefined)
      await this.page.screenshot({ path: join(folder, `${name}.png`) }).catch(() => undefined);
  }

  /** What the extension wrote into its log. */
  async log(): Promise<string> {
    const folder = join(this.user, 'logs');
    const found = await readdir(folder, { recursive: true }).catch(() => []);
    const own = found.filter((path) => path.endsWith('Chasm Recorder.log'));
    return (await Promise.all(own.map((path) => readFile(join(folder, path), 'utf8')))).join('');
  }

  /** As a crash would: all of it at once. */
  async kill(): Promise<void> {
    const pid = this.#server?.pid;
    this.#server = undefined;
    if (pid !== undefined) {
      stop(pid);
      running.delete(pid);
    }
    await this.#browser?.close().catch(() => undefined);
    this.#browser = undefined;
  }

  async end(): Promise<void> {
    await this.kill();
    await rm(this.root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  #folders(): string[] {
    const at = (name: string) => join(this.root, name);
    return [
      '--config',
      at('config.yaml'),
      '--user-data-dir',
      this.user,
      '--extensions-dir',
      at('extensions'),
    ];
  }

  #environment(): NodeJS.ProcessEnv {
    const own = /^(XDG_|CHASM_|VSCODE_|NODE_OPTIONS$|VITEST|DISPLAY$)/;
    const rest = Object.entries(process.env).filter(([name]) => !own.test(name));
    return { ...Object.fromEntries(rest), HOME: this.root };
  }
}

/** Ends a process and those that it started. */
function stop(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it is gone
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
