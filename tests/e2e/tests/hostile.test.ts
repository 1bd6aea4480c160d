// What was recorded is hostile: nothing of it runs, loads, or leads anywhere without a question, wherever it is shown.

import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type ChatEvent } from '../src/api';
import { Client } from '../src/client';
import { download } from '../src/files';
import { BAD_SCHEMES, TRIES } from '../src/hostile';
import { QUICK, Recorder } from '../src/recorder';
import { browser, seen, test, type Look, type Visit } from '../src/visit';
import { until } from '../src/wait';

let recorder: Recorder;
let client: Client;
const IDS = TRIES.map(({ name }) => `try-${name}`);
/** Sessions that have several tries each, to be read through. */
const PACKS = new Map(
  Array.from({ length: Math.ceil(TRIES.length / 8) }, (_, n) => [`pack-${n}`, TRIES.slice(n * 8, n * 8 + 8)]),
);

/** The try in every place that a session has. */
function everywhere(name: string, text: string, session_id = `try-${name}`): ChatEvent[] {
  const event = (event_type: string, data: Record<string, unknown>): ChatEvent => ({
    session_id,
    event_type,
    data,
  });
  // in names there are no control characters
  const line = text.replace(/\p{Cc}/gu, ' ').slice(0, 500);
  const call = `${line.slice(0, 60)}-${name}`;
  return [
    event('session_start', {
      title: line,
      provider: line,
      model: line,
      editor: line,
      workspace: `/home/${line}`,
      metadata: { [line]: text },
    }),
    event('message', { role: 'user', content: `needle ${text}` }),
    event('message', {
      role: 'assistant',
      model: line,
      content: [
        { type: 'text', text },
        { type: 'thinking', thinking: text },
        { type: line, [line]: text },
        { type: 'image', source: { type: 'url', url: 'https://evil.example/i.png', media_type: line } },
      ],
    }),
    event('tool_call', {
      call_id: call,
      name: line,
      arguments: { command: text, [line]: text },
    }),
    event('tool_result', { call_id: call, output: text, is_error: true }),
    event('tool_call', { call_id: `open-${name}`, name: 'Bash', arguments: text }),
    event('odd_event', { text, nested: { [line]: [text] } }),
  ];
}

beforeAll(async () => {
  expect(TRIES.length).toBeGreaterThanOrEqual(60);
  recorder = await Recorder.start({ config: QUICK });
  await recorder.api.record(TRIES.flatMap(({ name, text }) => everywhere(name, text)));
  for (const [id, pack] of PACKS)
    await recorder.api.record(pack.flatMap(({ name, text }) => everywhere(name, text, id)));
  for (const { name, text } of TRIES)
    await recorder.api.change(`try-${name}`, { tags: [text.replace(/\p{C}/gu, ' ').trim().slice(0, 50)] });
  client = await Client.connect(recorder.address, TRIES[0]?.text ?? '');
  await client.send({ session_id: 'held', event_type: 'session_start', data: { title: TRIES[6]?.text } });
  for (const { text } of TRIES.slice(0, 12)) {
    const other = await Client.connect(recorder.address, text.slice(0, 100));
    await other.send({
      session_id: `of-${text.length}`,
      event_type: 'session_start',
      data: { title: text.slice(0, 200) },
    });
    await other.drop();
  }
});
afterAll(async () => {
  await client.close();
  await recorder.end();
});

/** A page that notes whatever runs. */
async function guarded(
  open: (recorder: Recorder, hash?: string, look?: Look) => Promise<Visit>,
  hash: string,
): Promise<Visit> {
  // addresses that nobody has are tried, too
  const v = await open(recorder, hash, { blank: true, expected: / 40[04] .*\/api\/recording\// });
  await v.context.addInitScript(() => {
    const struck: string[] = [];
    Object.assign(window, { __struck: struck, __canary: (name: unknown) => struck.push(String(name)) });
  });
  await v.page.goto(`${recorder.address}/${hash}`);
  return v;
}

async function unharmed(v: Visit, where: string): Promise<void> {
  const found = await v.page.evaluate((bad) => {
    const all = [...document.querySelectorAll('*')];
    return {
      struck: (window as unknown as { __struck: string[] }).__struck,
      handlers: all.flatMap((e) =>
        [...e.attributes].filter((a) => a.name.startsWith('on')).map((a) => `${e.tagName} ${a.name}`),
      ),
      tags: all
        .map((e) => e.tagName.toLowerCase())
        .filter((tag) =>
          [
            'iframe',
            'object',
            'embed',
            'base',
            'form-x',
            'math',
            'marquee',
            'video',
            'audio',
            'img',
            'picture',
            'style',
            'template',
            'foreignobject',
          ].includes(tag),
        ),
      scripts: [...document.scripts].filter((e) => !e.src.startsWith(window.location.origin)).length,
      addresses: [...document.querySelectorAll('[data-address]')]
        .map((e) => e.getAttribute('data-address') ?? '')
        .filter((address) => new RegExp(bad, 'i').test(address)),
      links: [...document.querySelectorAll('a[href]')]
        .map((e) => e.getAttribute('href') ?? '')
        .filter((href) => !href.startsWith('#')),
      polluted: 'polluted' in {} || Object.keys(Object.prototype).length,
    };
  }, BAD_SCHEMES.source);
  expect(found, where).toEqual({
    struck: [],
    handlers: [],
    tags: [],
    scripts: 0,
    addresses: [],
    links: [],
    polluted: 0,
  });
  expect(new URL(v.page.url()).origin, where).toBe(recorder.address);
}

test('the tries do strike where nothing holds them', async () => {
  const context = await (await browser()).newContext({ offline: true });
  await context.addInitScript(() => {
    const struck: string[] = [];
    Object.assign(window, { __struck: struck, __canary: (name: unknown) => struck.push(String(name)) });
  });
  const page = await context.newPage();
  page.on('dialog', (dialog) => void dialog.dismiss());
  const struck = new Set<string>();
  for (const { text } of TRIES.filter((one) => one.text.startsWith('<'))) {
    await page.setContent(text, { waitUntil: 'domcontentloaded', timeout: 5_000 }).catch(() => undefined);
    const names = await page
      .evaluate(async () => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        return (window as unknown as { __struck?: string[] }).__struck ?? [];
      })
      .catch(() => []);
    names.forEach((name) => struck.add(name));
  }
  await context.close();
  expect(struck.size).toBeGreaterThan(12);
});

test('the page’s policy lets nothing in', async ({ open }) => {
  const answer = await recorder.api.ask('GET', '/');
  const policy = answer.headers.get('content-security-policy') ?? '';
  expect(policy).not.toMatch(/unsafe-|\*(?!\s*;|:\*)|https:(?!\/)|blob:/);
  const rules = Object.fromEntries(
    policy
      .split(';')
      .map((rule) => [rule.trim().split(' ')[0] ?? '', rule.trim().split(' ').slice(1).join(' ')]),
  );
  expect(rules).toMatchObject({
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self'",
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
  });
  expect(rules['connect-src']).toMatch(/^'self'/);
  for (const source of rules['connect-src']?.split(' ') ?? [])
    expect(source).toMatch(/^('self'|(https?|wss?):\/\/(127\.0\.0\.1|localhost)(:\*)?|wss?:)$/);
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
  // and the browser holds it
  const v = await open(recorder, '#/', { expected: /Content Security Policy|violates/ });
  await seen(v.page.locator('.row'));
  const ran = await v.page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.inlineRan = true';
    document.head.append(script);
    return 'inlineRan' in window;
  });
  expect(ran).toBe(false);
});

describe('shown in the page', () => {
  test('in the list, with filters and tags', async ({ open }) => {
    const v = await guarded(open, '#/?sort=title');
    await seen(v.page.locator('.row'));
    await until(async () => {
      await unharmed(v, 'list');
      return v.page.locator('.list').evaluate((e) => {
        e.scrollBy({ top: e.clientHeight });
        return e.scrollTop + e.clientHeight >= e.scrollHeight - 2;
      });
    }, 'the end of the list');
    for (const chip of ['Provider', 'Workspace', 'Tag']) {
      await v.page
        .getByRole('group', { name: 'Filters' })
        .getByRole('button', { name: chip })
        .first()
        .click();
      await seen(v.page.locator('.sheet'));
      await unharmed(v, chip);
      await v.page.keyboard.press('Escape');
    }
  });

  test('in excerpts of a search, and as the search itself', async ({ open }) => {
    const v = await guarded(open, '#/?q=needle');
    await seen(v.page.locator('.hit mark'));
    await unharmed(v, 'excerpts');
    for (const { name, text } of TRIES.filter((one) => one.text.length < 400)) {
      await v.page.evaluate((q) => {
        window.location.hash = `#/?q=${encodeURIComponent(q)}&tag=`;
      }, text.toWellFormed());
      await until(
        () => v.page.locator('.pane .empty, .row, .pane [role=alert]').first().isVisible(),
        `an answer for ${name}`,
      );
    }
    await unharmed(v, 'as the search');
  });

  test('in the session: title, messages, thinking, tools, other events, finding', async ({ open }) => {
    const v = await guarded(open, '#/');
    await seen(v.page.locator('.row'));
    const shown = new Set<string>();
    for (const id of PACKS.keys()) {
      await v.go(`#/session/${id}?at=1&q=needle`);
      const scroll = v.page.locator('.transcript .scroll');
      await until(
        () =>
          v.page.evaluate(
            (id) => window.location.hash.includes(id) && document.querySelector('.entry') !== null,
            id,
          ),
        `the session ${id}`,
      );
      await until(async () => {
        await v.page.evaluate(() => {
          for (const fold of document.querySelectorAll('details')) fold.open = true;
        });
        await unharmed(v, id);
        const prompts = v.page.locator('.entry.message', { hasText: 'needle' });
        for (const text of await prompts.allTextContents()) shown.add(`${id} ${text}`);
        return scroll.evaluate((e) => {
          e.scrollBy({ top: e.clientHeight });
          return e.scrollTop + e.clientHeight >= e.scrollHeight - 2;
        });
      }, 'the end of it');
    }
    // some are alike once they are shown
    expect(shown.size).toBeGreaterThan(TRIES.length * 0.75);
  });

  test('in the head of the session, whatever its title, place and model are', async ({ open }) => {
    const v = await guarded(open, '#/');
    await seen(v.page.locator('.row'));
    for (const id of IDS.filter((_, n) => n % 6 === 0)) {
      await v.go(`#/session/${id}`);
      await seen(v.page.locator('.session .facts'));
      await unharmed(v, id);
    }
  });

  test('in recovery, status, palette and settings', async ({ open }) => {
    const v = await guarded(open, '#/status');
    await seen(v.page.locator('.notice'));
    await unharmed(v, 'status');
    await v.page.keyboard.press('Control+k');
    await seen(v.page.getByRole('option'));
    await v.page.keyboard.type('needle');
    await seen(v.page.getByRole('option').first());
    await unharmed(v, 'palette');
    await v.page.keyboard.press('Escape');
    await v.go('#/recovery');
    await seen(v.page.locator('article'));
    await unharmed(v, 'recovery');
    await v.go('#/settings');
    await seen(v.page.locator('#settings-limits'));
    await unharmed(v, 'settings');
  });

  test('as an address of the page itself', async ({ open }) => {
    const v = await guarded(open, '#/');
    await seen(v.page.locator('.row'));
    for (const { text: odd } of TRIES.filter((one) => one.text.length < 400)) {
      const text = odd.toWellFormed();
      await v.page.evaluate(
        (text) => (window.location.hash = text),
        `#/session/${encodeURIComponent(text)}?q=${encodeURIComponent(text)}&at=${encodeURIComponent(text)}`,
      );
      await v.page.evaluate((text) => (window.location.hash = text), `#/${text}`);
    }
    await v.go('#/settings');
    await seen(v.page.getByRole('heading', { level: 1, name: 'Settings' }));
    await unharmed(v, 'address');
  });
});

test('a link is asked about before it opens, with its whole address', async ({ open }) => {
  const address = 'https://user:pw@evil.example/p?q=1#f';
  await recorder.api.record([
    { session_id: 'link', event_type: 'session_start', data: { title: 'A link' } },
    {
      session_id: 'link',
      event_type: 'message',
      data: { role: 'assistant', content: `[safe.example](${address}) and [mail](mailto:a@b.example)` },
    },
  ]);
  const v = await guarded(open, '#/session/link');
  await v.page.locator('[data-address]').first().click();
  const dialog = await seen(v.page.getByRole('dialog'));
  expect(await dialog.textContent()).toContain(address);
  expect(await dialog.textContent()).toContain('leads to evil.example');
  expect(v.context.pages()).toHaveLength(1);
  await v.page.keyboard.press('Escape');
  expect(v.outside).toEqual([]);
  // opened when it is wanted, in a page that knows nothing of this one
  await v.page.locator('[data-address]').first().click();
  const [other] = await Promise.all([v.context.waitForEvent('page'), v.button('Open').click()]);
  expect(
    v.outside.every((url) => url.startsWith('https://evil.example/') || url.startsWith('https://user')),
  ).toBe(true);
  expect(await other.evaluate(() => window.opener === null).catch(() => true)).toBe(true);
  await other.close();
  v.outside.length = 0;
  v.errors.length = 0;
});

test('exported pages are harmless in a browser that has no policy of ours', async ({ open }) => {
  const v = await guarded(open, '#/');
  await seen(v.page.locator('.row'));
  const context = await (await browser()).newContext();
  await context.addInitScript(() => {
    const struck: string[] = [];
    Object.assign(window, { __struck: struck, __canary: (name: unknown) => struck.push(String(name)) });
  });
  const page = await context.newPage();
  const outside: string[] = [];
  const dialogs: string[] = [];
  context.on('request', (request) => outside.push(request.url()));
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  await v.go(`#/session/${IDS[0]}`);
  await seen(v.page.locator('.entry'));
  await v.page.locator('.session header').getByRole('button', { name: 'Export' }).click();
  const first = await download(v.page, () => v.page.getByRole('menuitem', { name: 'HTML page' }).click());
  const pages = [first.text];
  for (const id of IDS.slice(1))
    pages.push(
      await (await recorder.api.ask('GET', `/api/recording/sessions/${id}/export?format=html`)).text(),
    );
  for (const [n, html] of pages.entries()) {
    // without its own policy, so that what is in it is seen
    await page.setContent(html.replace(/<meta http-equiv="content-security-policy"[^>]*>/i, ''), {
      waitUntil: 'load',
    });
    const found = await page.evaluate(() => ({
      struck: (window as unknown as { __struck?: string[] }).__struck ?? [],
      scripts: document.scripts.length,
      loads: document.querySelectorAll('img, iframe, object, embed, link, base, video, audio, source, form')
        .length,
      handlers: [...document.querySelectorAll('*')].filter((e) =>
        [...e.attributes].some((a) => a.name.startsWith('on')),
      ).length,
      bad: [...document.querySelectorAll('[href]')]
        .map((e) => e.getAttribute('href') ?? '')
        .filter((href) => !/^(https?:|mailto:|#)/.test(href)),
    }));
    expect(found, IDS[n]).toEqual({ struck: [], scripts: 0, loads: 0, handlers: 0, bad: [] });
    expect(html).toContain('needle');
  }
  expect(outside.filter((url) => !url.startsWith('about:'))).toEqual([]);
  expect(dialogs).toEqual([]);
  await context.close();
});
