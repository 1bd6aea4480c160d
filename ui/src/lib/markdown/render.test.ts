// What was recorded is hostile: nothing of it may run, load or lead anywhere by itself.

import { describe, expect, it } from 'vitest';
import { allowedAddress, codeElements, render } from './render';

const ATTACKS = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<svg onload=alert(1)>',
  '<svg><script>alert(1)</script></svg>',
  '<iframe src="javascript:alert(1)"></iframe>',
  '<a href="javascript:alert(1)">x</a>',
  '<body onload=alert(1)>',
  '<style>*{background:url(https://evil.example/)}</style>',
  '<link rel=stylesheet href=https://evil.example/x.css>',
  '<meta http-equiv=refresh content="0;url=https://evil.example">',
  '<base href="https://evil.example/">',
  '<form action=https://evil.example><input name=q autofocus onfocus=alert(1)></form>',
  '<details open ontoggle=alert(1)>x</details>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '<object data="data:text/html,<script>alert(1)</script>"></object>',
  '<video><source onerror=alert(1)></video>',
  '<div style="position:fixed;inset:0">x</div>',
  '<template><script>alert(1)</script></template>',
  '<x id=app><a id=__CHASM__ name=server href=https://evil.example>',
  '[x](javascript:alert(1))',
  '[x](JaVaScRiPt:alert(1))',
  '[x](java&#10;script:alert(1))',
  '[x](&#106;avascript:alert(1))',
  '[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)',
  '[x](vbscript:msgbox(1))',
  '[x](file:///etc/passwd)',
  '[x](tauri://localhost/)',
  '[x](//evil.example/)',
  '[x](https://evil.example "\\" onmouseover=alert(1) x=\\"")',
  '[x](<https://evil.example/" onclick="alert(1)>)',
  '![x](https://evil.example/pixel.png)',
  '![x](javascript:alert(1))',
  '![" onerror="alert(1)](x)',
  '<https://evil.example/?"onclick=alert(1)>',
  '[a]: javascript:alert(1)\n[a]',
  '```"><img src=x onerror=alert(1)>\ncode\n```',
  '```js onload=alert(1)\n</code></pre><script>alert(1)</script>\n```',
  '`</code><img src=x onerror=alert(1)>`',
  '|a|\n|:-:|\n|<img src=x onerror=alert(1)>|',
  '| a |\n|:--|\n| [x](javascript:alert(1)) |',
  '> <script>alert(1)</script>',
  '# <img src=x onerror=alert(1)>',
  '\u0000<script>alert(1)</script>',
  '<<script>alert(1)//<</script>',
  '<scr<script>ipt>alert(1)</scr</script>ipt>',
  '[x](https://a.example "title")\n{onclick=alert(1)}',
];

const TAGS = new Set('A BLOCKQUOTE BR CODE DEL EM H1 H2 H3 H4 H5 H6 HR LI OL P PRE S SPAN STRONG TABLE TBODY TD TH THEAD TR UL'.split(' ')); // prettier-ignore
const ATTRIBUTES = new Set(['class', 'data-address', 'data-language', 'role', 'start', 'tabindex', 'title']);

function holder(text: string): HTMLElement {
  const element = document.createElement('div');
  element.append(render(text));
  return element;
}

describe('hostile Markdown', () => {
  it.each(ATTACKS)('%s', (attack) => {
    const root = holder(attack);
    for (const element of root.querySelectorAll('*')) {
      expect(TAGS, element.outerHTML).toContain(element.tagName);
      for (const { name, value } of element.attributes) {
        expect(ATTRIBUTES, element.outerHTML).toContain(name);
        if (name === 'data-address') expect(value).toMatch(/^(https?|mailto):/);
      }
    }
    expect(root.querySelector('[href], [src], [style], [id]')).toBeNull();
  });

  it('keeps the text of what it does not make', () => {
    expect(holder('a <b>bold</b> word').textContent).toContain('<b>bold</b>');
    expect(holder('<script>alert(1)</script>').textContent).toContain('alert(1)');
  });

  it('takes only classes of a highlighter in code', () => {
    const element = document.createElement('div');
    element.append(
      codeElements('<span class="hljs-string" onclick="x" style="y">a</span><img src=x onerror=y>'),
    );
    expect(element.innerHTML).toBe('<span class="hljs-string">a</span>');
  });
});

describe('Markdown', () => {
  it('makes the usual elements', () => {
    const root = holder(
      '# One\n\n- a\n- **b**\n\n| x | y |\n|---|--:|\n| 1 | 2 |\n\n```rust\nfn main() {}\n```',
    );
    expect(root.querySelector('h1')?.textContent).toBe('One');
    expect(root.querySelectorAll('li')).toHaveLength(2);
    expect(root.querySelectorAll('td')[1]?.className).toBe('to-right');
    expect(root.querySelector('pre')?.dataset['language']).toBe('rust');
    expect(root.querySelector('pre code')?.textContent).toBe('fn main() {}\n');
  });

  it('gives links their address and no way to it', () => {
    const link = holder('[docs](https://example.org/a?b=c&d)').querySelector('a');
    expect(link?.dataset['address']).toBe('https://example.org/a?b=c&d');
    expect(link?.hasAttribute('href')).toBe(false);
    expect(link?.getAttribute('role')).toBe('link');
  });

  it('names images instead of loading them', () => {
    const image = holder('![a diagram](https://example.org/x.png)').querySelector('.image');
    expect(image?.textContent).toBe('a diagram');
  });

  it('does not take files for sites', () => {
    expect(holder('see main.rs and README.md').querySelector('a')).toBeNull();
    expect(holder('see https://example.org').querySelector('a')).not.toBeNull();
  });

  it('shows what is far too long as it is', () => {
    expect(holder('x'.repeat(400_001)).firstElementChild?.tagName).toBe('PRE');
  });
});

describe('addresses', () => {
  it.each(['https://a.example', 'http://localhost:3000/x', 'mailto:a@b.example'])(
    '%s may be shown as a link',
    (address) => expect(allowedAddress(address)).toBe(true),
  );
  it.each(['javascript:alert(1)', 'data:text/html,x', '//x', '/x', 'file:///x', 'tauri://localhost', ' '])(
    '%s may not',
    (address) => expect(allowedAddress(address)).toBe(false),
  );
});
