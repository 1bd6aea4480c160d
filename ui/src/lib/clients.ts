// What people call the programs that send: «VS Code» for `vscode/1.99`.
//
// Pure. The same names as in the desktop's notifications. Invariant: a name that is not known is shown as it was sent, but never with
// characters that turn or hide text, and never longer than a line takes.

const LONGEST = 40;

/** By the name without version, case, spaces and dashes. */
const KNOWN = new Map([
  ['aider', 'Aider'],
  ['chasm', 'chasm'],
  ['chasmvscode', 'VS Code'],
  ['claude', 'Claude'],
  ['claudecode', 'Claude Code'],
  ['cline', 'Cline'],
  ['code', 'VS Code'],
  ['codeinsiders', 'VS Code Insiders'],
  ['codex', 'Codex'],
  ['continue', 'Continue'],
  ['copilot', 'GitHub Copilot'],
  ['cursor', 'Cursor'],
  ['emacs', 'Emacs'],
  ['geminicli', 'Gemini CLI'],
  ['githubcopilot', 'GitHub Copilot'],
  ['jetbrains', 'JetBrains'],
  ['neovim', 'Neovim'],
  ['nvim', 'Neovim'],
  ['visualstudiocode', 'VS Code'],
  ['vscode', 'VS Code'],
  ['vscodeinsiders', 'VS Code Insiders'],
  ['vscodium', 'VSCodium'],
  ['windsurf', 'Windsurf'],
  ['zed', 'Zed'],
]);

/** `undefined` where it has no name. */
export function clientName(sent: string | null | undefined): string | undefined {
  // control and format characters: the latter turn the direction of text
  const plain = (sent ?? '').replace(/[\p{Cc}\p{Cf}]/gu, '').trim();
  if (plain === '') return undefined;
  const [name = ''] = plain.split('/');
  const known = KNOWN.get(name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, ''));
  if (known !== undefined) return known;
  const letters = [...plain];
  return letters.length > LONGEST ? `${letters.slice(0, LONGEST - 1).join('')}…` : plain;
}
