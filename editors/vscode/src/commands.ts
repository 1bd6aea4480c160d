// What can be done from the palette, the status bar and the side bar.
//
// Owns the commands and what they say. Never shows what went well where that can be seen anyway.

import * as vscode from 'vscode';
import type { Ask, Recovered } from './recorder/ask';
import type { Sessions } from './view/sessions';

export function registerCommands(
  ask: Ask,
  sessions: Sessions,
  output: vscode.LogOutputChannel,
): vscode.Disposable[] {
  const command = (name: string, run: (...given: unknown[]) => Promise<void>) =>
    vscode.commands.registerCommand(name, async (...given: unknown[]) => {
      try {
        await run(...given);
      } catch (error) {
        await failed(error instanceof Error ? error.message : String(error), output);
      }
    });
  return [
    command('chasm.open', () => open(ask)),
    command('chasm.openSession', (id) => open(ask, typeof id === 'string' ? id : undefined)),
    command('chasm.recover', () => recover(ask, sessions)),
    command('chasm.pause', () => ask.pause().then(() => sessions.refreshSoon())),
    command('chasm.resume', () => ask.resume().then(() => sessions.refreshSoon())),
    command('chasm.refresh', () => Promise.resolve(sessions.refresh())),
    command('chasm.showLog', () => Promise.resolve(output.show())),
  ];
}

/** Opens the recorder's page, at a session where one is named. */
async function open(ask: Ask, session?: string): Promise<void> {
  const page = await ask.page();
  const place = session === undefined ? '' : `#/session/${encodeURIComponent(session)}`;
  await vscode.env.openExternal(vscode.Uri.parse(page + place, true));
}

async function recover(ask: Ask, sessions: Sessions): Promise<void> {
  const location = vscode.ProgressLocation.Notification;
  const told = await vscode.window.withProgress(
    { location, title: 'Recovering chats of this workspace' },
    async () => {
      const interrupted = await sessions.interrupted();
      return interrupted.length === 0 ? undefined : ask.recover(interrupted.map(({ id }) => id));
    },
  );
  sessions.refresh();
  if (told === undefined) {
    void vscode.window.showInformationMessage(
      'No chat of this workspace is interrupted: there is nothing to recover.',
    );
    return;
  }
  const chosen = await vscode.window.showInformationMessage(summary(told), 'Open Recorder');
  if (chosen !== undefined) await open(ask);
}

function summary({ recovered, skipped }: Recovered): string {
  const chats = (count: number) => `${count} chat${count === 1 ? '' : 's'}`;
  const rest = skipped === 0 ? '' : ` ${chats(skipped)} went on by themselves meanwhile.`;
  return `Recovered ${chats(recovered)}.${rest}`;
}

async function failed(why: string, output: vscode.LogOutputChannel): Promise<void> {
  output.warn(why);
  const chosen = await vscode.window.showWarningMessage(`Chasm Recorder: ${why}`, 'Show Log');
  if (chosen !== undefined) output.show();
}
