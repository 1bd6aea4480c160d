// The item in the status bar.
//
// Owns the item. What it says is `status.ts`'s.

import * as vscode from 'vscode';
import { said, type Standing } from './status';

export class Bar implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem('chasm.status', vscode.StatusBarAlignment.Right, 90);

  constructor() {
    this.#item.name = 'Chasm Recorder';
    this.#item.command = 'chasm.open';
    this.#item.show();
  }

  show(standing: Standing): void {
    const now = said(standing);
    this.#item.text = now.text;
    this.#item.tooltip = now.tooltip;
    this.#item.accessibilityInformation = { label: `Chasm Recorder: ${now.tooltip}`, role: 'button' };
    this.#item.backgroundColor = now.warns
      ? new vscode.ThemeColor('statusBarItem.warningBackground')
      : undefined;
    void vscode.commands.executeCommand('setContext', 'chasm.state', now.state);
  }

  dispose(): void {
    this.#item.dispose();
  }
}
