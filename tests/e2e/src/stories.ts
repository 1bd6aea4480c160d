// A few sessions as real work leaves them: prompts, answers with code, tools that work and fail, thinking, events that nobody knows.
//
// Owns the texts, which are made up. Each gives its events in order; when they were is the caller's choice.

import type { ChatEvent } from './api';

export interface Story {
  id: string;
  title: string;
  editor: string;
  provider: string;
  model: string;
  workspace: string;
  /** Type and data of each event after the start, and how many seconds after the one before it came. */
  told: [string, Record<string, unknown>, number?][];
  /** Ends with `session_end`. */
  ended?: boolean;
}

const user = (content: unknown): Story['told'][number] => ['message', { role: 'user', content }, 40];
const answer = (content: unknown, more: object = {}): Story['told'][number] => [
  'message',
  { role: 'assistant', model: 'claude-opus-4', content, ...more },
  9,
];
const tool = (id: string, name: string, args: object, output: unknown, more: object = {}): Story['told'] => [
  ['tool_call', { call_id: id, name, arguments: args }, 2],
  ['tool_result', { call_id: id, output, duration_ms: 1_840, ...more }, 2],
];

const FIX = `The reader task never sees the close frame: \`read_loop\` waits on **two** things, and only one of them wakes it.

\`\`\`rust
loop {
    tokio::select! {
        frame = socket.next() => match frame {
            Some(Ok(frame)) => handle(frame).await?,
            // the peer is gone: without this arm the loop spins on \`None\`
            Some(Err(_)) | None => break,
        },
        () = shutdown.cancelled() => break,
    }
}
\`\`\`

Three things change:

1. \`None\` ends the loop instead of being polled again.
2. The heartbeat is counted *before* the frame is handled.
3. The test waits for the state, not for 50 ms.

| case | before | after |
| --- | --- | --- |
| clean close | 2 ms | 2 ms |
| reset by peer | hangs | 3 ms |
| silent peer | 90 s | 30 s |

See [the tokio documentation](https://docs.rs/tokio/latest/tokio/macro.select.html) for why the order does not matter here.`;

export const FLAKY: Story = {
  id: 'flaky-websocket',
  title: 'Fix flaky websocket test',
  editor: 'claude-code',
  provider: 'anthropic',
  model: 'claude-opus-4',
  workspace: '/home/ada/code/chasm',
  ended: true,
  told: [
    user('why does it hang when the peer resets? the test `reset_by_peer` fails about one time in ten on CI'),
    answer([
      {
        type: 'thinking',
        thinking:
          'A hang one time in ten sounds like a missed wake-up. First the loop, then the test: which of them waits for what?',
      },
      { type: 'text', text: 'Let me look at the loop that reads frames, and run that test until it fails.' },
    ]),
    ...tool(
      'c1',
      'Read',
      { file_path: 'crates/server/src/ws/read_loop.rs' },
      'loop {\n    let frame = socket.next().await;\n    …',
    ),
    ...tool(
      'c2',
      'Bash',
      { command: 'cargo nextest run -p chasm-server reset_by_peer --retries 0' },
      'FAIL [  30.012s] chasm-server ws::reset_by_peer\n  thread panicked: timed out after 30 s',
      { is_error: true, duration_ms: 30_400 },
    ),
    answer(FIX),
    ['compaction', { tokens_before: 48_210, tokens_after: 9_120 }, 3],
    user('Makes sense. Apply it and run the test a hundred times.'),
    ...tool('c3', 'Edit', { file_path: 'crates/server/src/ws/read_loop.rs' }, 'The file was changed.'),
    ...tool(
      'c4',
      'Bash',
      { command: 'for i in $(seq 100); do cargo nextest run -p chasm-server reset_by_peer; done' },
      'Summary [ 212.4s] 100 runs: 100 passed, 0 failed',
      { duration_ms: 212_400 },
    ),
    answer(
      'All hundred runs pass; the slowest took 41 ms. I left the retry setting of CI at 0, so that a new flake is seen.',
    ),
  ],
};

export const BORROW: Story = {
  id: 'borrow-checker',
  title: 'Explain borrow checker error E0502',
  editor: 'vscode',
  provider: 'copilot',
  model: 'gpt-5',
  workspace: '/home/ada/code/atlas',
  ended: true,
  told: [
    user(
      'cannot borrow `self.rows` as mutable because it is also borrowed as immutable. What is it trying to tell me?',
    ),
    answer(
      'You hold a **shared** reference into `rows` (the iterator) while `push` wants an **exclusive** one. If `push` grew the vector, the iterator would point into memory that is gone.\n\n```rust\nlet extra: Vec<Row> = self.rows.iter().filter(|r| r.split).map(Row::half).collect();\nself.rows.extend(extra);\n```\n\nCollect first, then extend: the shared borrow ends with `collect`.',
    ),
    user('And if the list is huge?'),
    answer(
      'Then use indices and `Vec::with_capacity`, or `mem::take` the vector and rebuild it in one pass.',
    ),
  ],
};

export const MIGRATE: Story = {
  id: 'migrate-settings',
  title: 'Migrate settings to TOML',
  editor: 'vscode',
  provider: 'copilot',
  model: 'claude-sonnet-4',
  workspace: '/home/ada/code/recorder',
  told: [
    user('The settings are JSON today. Move them to TOML, keep reading the old file once.'),
    answer(
      'I will read `settings.json` where there is no `config.toml`, write the new one, and leave the old one where it is.',
    ),
    ...tool('m1', 'Edit', { file_path: 'src/settings/load.rs' }, 'The file was changed.'),
    user('Good. Now the tests for a half-written file.'),
    [
      'message',
      {
        message_id: 'm-last',
        role: 'assistant',
        partial: true,
        content: 'A half-written TOML file fails to parse at the last line, so the loader must not',
      },
      8,
    ],
  ],
};

export const CSV: Story = {
  id: 'csv-import',
  title: 'Speed up the CSV importer',
  editor: 'cursor',
  provider: 'openai',
  model: 'gpt-5',
  workspace: '/home/ada/code/billing',
  told: [
    user('Importing 2 million rows takes 14 minutes. Where does the time go?'),
    answer('Most likely in one commit a row. Let me measure before I change anything.'),
    ...tool(
      'v1',
      'Bash',
      { command: 'perf record -g ./import invoices.csv' },
      '71 % fdatasync, 12 % parse_date, 6 % malloc',
    ),
    answer('71 % is `fdatasync`: a commit a row. Batches of 5,000 rows bring it to about 50 seconds.'),
  ],
};

export const NOTES: Story = {
  id: 'release-notes',
  title: 'Schreib die Versionshinweise für 2.4',
  editor: 'claude-code',
  provider: 'anthropic',
  model: 'claude-sonnet-4',
  workspace: '/home/ada/code/notes',
  ended: true,
  told: [
    user('Fasse die Änderungen seit 2.3 für Nutzer zusammen, höchstens acht Punkte.'),
    answer(
      '- Die Suche findet jetzt auch in Anhängen.\n- Der Export nach HTML ist barrierefrei.\n- Ein Absturz beim Umbenennen ist behoben.',
    ),
  ],
};

export const UNICODE: Story = {
  id: 'unicode-names',
  title: '解释为什么文件名会乱码',
  editor: 'gemini-cli',
  provider: 'google',
  model: 'gemini-3-pro',
  workspace: '/home/ada/code/files',
  ended: true,
  told: [
    user('为什么从 macOS 拷过来的文件名在 Linux 上看起来一样却找不到？'),
    answer(
      'macOS 使用分解形式 (NFD)，Linux 通常使用组合形式 (NFC)。先规范化再比较：`unicodedata.normalize("NFC", name)`。',
    ),
  ],
};

export const SQL: Story = {
  id: 'slow-query',
  title: 'Find out why the report query is slow',
  editor: 'claude-code',
  provider: 'anthropic',
  model: 'claude-opus-4',
  workspace: '/home/ada/code/billing',
  told: [
    user('This report takes 40 s since we passed ten million invoices.'),
    answer('The plan scans `invoices` because the index does not cover `tenant_id`.'),
    ...tool(
      'q1',
      'Bash',
      { command: 'psql -c "EXPLAIN ANALYZE SELECT …"' },
      'Seq Scan on invoices (rows=10482110) 38211 ms',
    ),
  ],
};

export const STORIES = [FLAKY, BORROW, MIGRATE, CSV, NOTES, UNICODE, SQL];

/** The events of a story that begins at `begin`; numbered where `seq` is wanted. */
export function tell(story: Story, begin: number = Date.now() - 600_000, numbered = false): ChatEvent[] {
  let at = begin;
  let seq = 0;
  const event = (event_type: string, data: Record<string, unknown>, after = 0): ChatEvent => ({
    session_id: story.id,
    event_type,
    data,
    timestamp: new Date((at += after * 1_000)).toISOString(),
    ...(numbered ? { seq: (seq += 1) } : {}),
  });
  const { title, editor, provider, model, workspace } = story;
  const list = [event('session_start', { title, editor, provider, model, workspace })];
  for (const [type, data, after] of story.told) list.push(event(type, data, after ?? 1));
  if (story.ended) list.push(event('session_end', {}, 1));
  return list;
}
