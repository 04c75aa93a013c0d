// Two `parley chat` in pipes and the page in Chromium, as three people at three screens: each sees what the others see.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '@parley/proof';
import { launchChromium } from './chromium.ts';
import { StandaloneProcess } from './standalone-process.ts';

const cliFile = path.join(import.meta.dirname, '..', '..', 'cli', 'src', 'main.ts');

/** Someone with a screen. What was said is read off it, in the order shown. */
interface Chatter {
  readonly userId: string;
  /** Goes to the conversation and stays there. */
  enter(title: string): Promise<void>;
  say(body: string): Promise<void>;
  bodies(title: string): Promise<readonly string[]>;
  isOnline(): Promise<boolean>;
}

class TerminalChatter implements Chatter, AsyncDisposable {
  readonly userId: string;
  output = '';
  readonly #child: ChildProcessWithoutNullStreams;

  constructor(standalone: StandaloneProcess, userId: string) {
    this.userId = userId;
    this.#child = spawn(process.execPath, [cliFile, 'chat', '--user', userId, '--url', standalone.base]);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream.on('data', (chunk) => (this.output += String(chunk)));
  }

  type(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Opens a direct chat, or takes the number of a group from the list. */
  async enter(title: string): Promise<void> {
    const line = (): string | undefined =>
      this.#lines().findLast((each) => /^[ >][ *]\d+ {2}/.test(each) && each.includes(`  ${title}`));
    await eventually(`${title} is in the list of ${this.userId}`, async () => {
      if (line() !== undefined) return true;
      this.type('/list');
      await pause(100);
      return false;
    });
    this.type(`/use ${/\d+/.exec(line() ?? '')?.[0]}`);
    await eventually(`${this.userId} is in ${title}`, () => this.#lines().includes(`* now in: ${title}`));
  }

  async say(body: string): Promise<void> {
    this.type(body);
  }

  async bodies(title: string): Promise<readonly string[]> {
    return this.#lines().flatMap((line) => {
      const start = line.indexOf(` [${title}] `);
      const said = /^\w+: (.*)$/.exec(line.slice(start + title.length + 4));
      return start === 8 && said?.[1] !== undefined ? [said[1]] : [];
    });
  }

  async isOnline(): Promise<boolean> {
    return (
      this.#lines()
        .findLast((line) => /^\* (not )?connected/.test(line))
        ?.startsWith('* connected') ?? false
    );
  }

  #lines(): readonly string[] {
    return this.output.split('\n').slice(0, -1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

class PageChatter implements Chatter, AsyncDisposable {
  readonly userId: string;
  readonly page: Page;
  /** Where the browser went for this page, and what went wrong in it. */
  readonly hosts = new Set<string>();
  readonly errors: string[] = [];

  private constructor(page: Page, userId: string) {
    this.page = page;
    this.userId = userId;
    page.on('request', (request) => this.hosts.add(new URL(request.url()).host));
    page.on('websocket', (socket) => this.hosts.add(new URL(socket.url()).host));
    page.on('pageerror', (error) => this.errors.push(String(error)));
  }

  static async open(browser: Browser, standalone: StandaloneProcess, userId: string): Promise<PageChatter> {
    const page = await browser.newPage();
    const chatter = new PageChatter(page, userId);
    await page.goto(standalone.base);
    await page.getByLabel('Who are you?').fill(userId);
    await page.getByRole('button', { name: 'Chat' }).click();
    return chatter;
  }

  async openDirect(userId: string): Promise<void> {
    await this.page.getByLabel('User to chat with').fill(userId);
    await this.page.getByRole('button', { name: 'Open' }).click();
    await this.#isIn(userId);
  }

  async createGroup(name: string, userIds: readonly string[]): Promise<void> {
    await this.page.getByRole('button', { name: 'New group' }).click();
    await this.page.getByLabel('Name').fill(name);
    await this.page.getByLabel('Members (user ids').fill(userIds.join(' '));
    await this.page.getByRole('button', { name: 'Create' }).click();
    await this.#isIn(name);
  }

  async enter(title: string): Promise<void> {
    await this.page.locator('#list button', { hasText: title }).click();
    await this.#isIn(title);
  }

  async #isIn(title: string): Promise<void> {
    await eventually(`the page shows ${title}`, async () => (await this.page.textContent('#title')) === title);
  }

  async say(body: string): Promise<void> {
    await this.page.getByLabel('Message', { exact: true }).fill(body);
    await this.page.keyboard.press('Enter');
  }

  async bodies(title: string): Promise<readonly string[]> {
    await this.#isIn(title);
    // The body is the text between the sender's name and the time.
    return this.page.locator('#log .message').evaluateAll((items) =>
      items.map((item) =>
        [...item.childNodes]
          .filter(({ nodeType }) => nodeType === 3)
          .map((n) => n.nodeValue)
          .join(''),
      ),
    );
  }

  async isOnline(): Promise<boolean> {
    return (await this.page.locator('#status').getAttribute('data-state')) === 'online';
  }

  async scrollToTheBeginning(): Promise<void> {
    await eventually('the page has the beginning', async () => {
      await this.page.locator('#log').evaluate((log) => (log.scrollTop = 0));
      return this.page.getByText('This is the beginning.').isVisible();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.close();
  }
}

const stack = new AsyncDisposableStack();
let standalone: StandaloneProcess;
let alice: TerminalChatter;
let bob: TerminalChatter;
let carol: PageChatter;
let all: readonly Chatter[];

beforeAll(async () => {
  const browser = await launchChromium();
  stack.defer(() => browser.close());
  standalone = stack.use(await StandaloneProcess.start());
  alice = stack.use(new TerminalChatter(standalone, 'alice'));
  bob = stack.use(new TerminalChatter(standalone, 'bob'));
  carol = stack.use(await PageChatter.open(browser, standalone, 'carol'));
  all = [alice, bob, carol];
  await untilOnline();
});
afterAll(() => stack.disposeAsync());

async function untilOnline(): Promise<void> {
  for (const chatter of all) await eventually(`${chatter.userId} is online`, () => chatter.isOnline(), 60_000);
}

/** The page makes a group, and everyone goes there. */
async function gatherIn(group: string): Promise<void> {
  await carol.createGroup(group, ['alice', 'bob']);
  for (const chatter of all) await chatter.enter(group);
}

/** Every screen has all of it once, in the order of the first screen; each sender's in the order in which it was sent. */
async function expectAllToShow(group: string, said: readonly string[]): Promise<void> {
  for (const chatter of all) {
    await expect
      .poll(async () => (await chatter.bodies(group)).toSorted(), { timeout: 60_000, message: chatter.userId })
      .toEqual(said.toSorted());
  }
  const [first = [], ...others] = await Promise.all(all.map((chatter) => chatter.bodies(group)));
  for (const other of others) expect(other).toEqual(first);
  for (const { userId } of all) {
    const isTheirs = (body: string): boolean => body.startsWith(`${userId} `);
    expect(first.filter(isTheirs)).toEqual(said.filter(isTheirs));
  }
}

test('two terminals and the page hear one another in direct chats, and nobody else does', async () => {
  await carol.openDirect('alice');
  await carol.say('hello alice');
  await expect.poll(() => alice.bodies('carol')).toEqual(['hello alice']);
  await alice.enter('carol');
  await alice.say('hello carol');
  bob.type('/open alice');
  await bob.say('hello from bob');
  await expect.poll(() => alice.bodies('bob')).toEqual(['hello from bob']);
  await alice.enter('bob');
  await alice.say('hello bob');

  await expect.poll(() => carol.bodies('alice')).toEqual(['hello alice', 'hello carol']);
  await expect.poll(() => alice.bodies('carol')).toEqual(['hello alice', 'hello carol']);
  for (const [chatter, title] of [
    [alice, 'bob'],
    [bob, 'alice'],
  ] as const)
    await expect.poll(() => chatter.bodies(title)).toEqual(['hello from bob', 'hello bob']);
  expect(bob.output).not.toContain('carol');
});

test('what all say at once in a group is in the same order on every screen', async () => {
  await gatherIn('All at once');
  const said = await Promise.all(
    all.map(async (chatter) => {
      const bodies = Array.from({ length: 20 }, (_, nth) => `${chatter.userId} ${nth}`);
      for (const body of bodies) await chatter.say(body);
      return bodies;
    }),
  );
  await expectAllToShow('All at once', said.flat());
});

test('after kill -9 of everything while all are talking, every screen shows each message once, in one order', async () => {
  const group = 'Survivors';
  await gatherIn(group);
  const said: string[] = [];
  const enough = new AbortController();
  const talks = all.map(async (chatter) => {
    for (let nth = 0; !enough.signal.aborted; nth++) {
      said.push(`${chatter.userId} ${nth}`);
      await chatter.say(`${chatter.userId} ${nth}`);
      await pause(50);
    }
  });
  const heard = async (count: number): Promise<void> =>
    eventually(`${count} messages`, async () => (await carol.bodies(group)).length >= count, 60_000);
  try {
    await heard(40);
    await standalone.killTree();
    const saidBefore = said.length;
    await standalone.start();
    await untilOnline();
    await heard(saidBefore + 40);
  } finally {
    enough.abort();
    await Promise.all(talks);
  }

  await expectAllToShow(group, said);
  await pause(1_500); // a heartbeat of delivery: what comes twice would have come by now
  await expectAllToShow(group, said);
  const shown = await carol.bodies(group);
  await carol.page.reload();
  await carol.enter(group);
  await carol.scrollToTheBeginning();
  expect(await carol.bodies(group)).toEqual(shown);
});

test('scrolling up on the page reaches the first message', async () => {
  await gatherIn('A long story');
  const said = Array.from({ length: 180 }, (_, nth) => `alice ${nth}`);
  for (const body of said) await alice.say(body);
  await expect.poll(() => carol.bodies('A long story'), { timeout: 30_000 }).toEqual(said);
  await carol.page.reload();
  await carol.enter('A long story');
  await expect.poll(() => carol.bodies('A long story')).toEqual(said.slice(-50));
  await carol.scrollToTheBeginning();
  expect(await carol.bodies('A long story')).toEqual(said);
});

test('shows markup as the text it is', async () => {
  const group = 'Crew & <i>friends</i>';
  await gatherIn(group);
  const markup = `<img src=x onerror="document.title='taken'"><b>bold</b><script>document.title='taken'</script>&amp;`;
  await alice.say(markup);
  await expect.poll(() => carol.bodies(group)).toEqual([markup]);
  await carol.say(markup);
  for (const chatter of all) await expect.poll(() => chatter.bodies(group)).toEqual([markup, markup]);
  expect(await carol.page.locator('main :is(img, b, i, script)').count()).toBe(0);
  expect(await carol.page.title()).not.toContain('taken');
});

test('the page has asked nobody but its server for anything, and met no error', () => {
  expect([...carol.hosts]).toEqual([new URL(standalone.base).host]);
  expect(carol.errors).toEqual([]);
});
