import { describe, expect, it } from 'vitest';
import { clientName } from './clients';

describe('a client', () => {
  it('is called as people call it', () => {
    expect(['vscode/1.99.2', 'Claude-Code', 'claude code', 'GEMINI-CLI/1'].map(clientName)).toEqual([
      'VS Code',
      'Claude Code',
      'Claude Code',
      'Gemini CLI',
    ]);
  });

  it('keeps a name that is not known, without what turns or hides text, and short', () => {
    expect(clientName('my-script/0.1')).toBe('my-script/0.1');
    expect(clientName('evil\u202Etxt.exe\u0007')).toBe('eviltxt.exe');
    expect([...(clientName('x'.repeat(500)) ?? '')]).toHaveLength(40);
    expect(clientName('constructor')).toBe('constructor');
  });

  it('has no name where it sent none', () => {
    expect([null, undefined, '', ' \u200B '].map(clientName)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
