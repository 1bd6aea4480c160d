// Where chats are: from the folder that the editor gives, on all of its ways to name it.

import { describe, expect, it } from 'vitest';
import { editorOf, placeOf } from '../../src/follow/places';

const USER = '/home/dev/.config/Code/User';
const SHARED = `${USER}/globalStorage/chasm.chasm-recorder`;

describe('the place of chats', () => {
  it('is beside the folder of the extension', () => {
    const place = placeOf(`${USER}/workspaceStorage/0123abcd/chasm.chasm-recorder`, SHARED);
    expect(place).toEqual({
      sessions: [`${USER}/workspaceStorage/0123abcd/chatSessions`],
      transcripts: [`${USER}/workspaceStorage/0123abcd/GitHub.copilot-chat/transcripts`],
    });
  });

  it('is that of the first window too, in a second one', () => {
    const place = placeOf(`${USER}/workspaceStorage/0123abcd-1/chasm.chasm-recorder`, SHARED);
    expect(place.sessions).toEqual([
      `${USER}/workspaceStorage/0123abcd/chatSessions`,
      `${USER}/workspaceStorage/0123abcd-1/chatSessions`,
    ]);
  });

  it('takes a sign before a name for what it is', () => {
    const place = placeOf(`${USER}/workspaceStorage/-4b238472/chasm.chasm-recorder`, SHARED);
    expect(place.sessions).toEqual([`${USER}/workspaceStorage/-4b238472/chatSessions`]);
    const second = placeOf(`${USER}/workspaceStorage/-4b238472-2/chasm.chasm-recorder`, SHARED);
    expect(second.sessions[0]).toBe(`${USER}/workspaceStorage/-4b238472/chatSessions`);
  });

  it('is shared by all empty windows', () => {
    expect(placeOf(undefined, SHARED)).toEqual({
      sessions: [
        `${USER}/globalStorage/emptyWindowChatSessions`,
        `${USER}/workspaceStorage/no-workspace/chatSessions`,
      ],
      transcripts: [],
    });
  });
});

describe('the editor', () => {
  it.each([
    ['/home/dev/.config/Code/User/globalStorage', 'Visual Studio Code', 'vscode'],
    [
      '/home/dev/.config/Code - Insiders/User/globalStorage',
      'Visual Studio Code - Insiders',
      'vscode-insiders',
    ],
    ['C:\\Users\\dev\\AppData\\Roaming\\VSCodium\\User\\globalStorage', 'VSCodium', 'vscodium'],
    ['/home/dev/.local/share/code-server/User/globalStorage', 'code-server', 'code-server'],
    ['/home/dev/.vscode-server/data/User/globalStorage', 'Visual Studio Code', 'vscode-server'],
    ['/portable/user-data/User/globalStorage', 'Cursor', 'cursor-vscode'],
    ['/portable/user-data/User/globalStorage', 'Something', 'vscode'],
  ])('in %s is %s', (folder, app, id) => {
    expect(editorOf(folder, app).id).toBe(id);
  });
});
