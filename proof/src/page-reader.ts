// Somebody who reads pages of history all the time, and knows what was acked: what a page spans and was acked before it was asked
// for has to be on it. A page that cannot be had is counted: it is missing, too.
import type { Crowd, SystemUnderProof } from './crowd.ts';

interface PageReadings {
  pages: number;
  unavailable: number;
  readonly offences: string[];
}

export interface PageReader {
  readonly readings: PageReadings;
  /** Resolves when the last page is judged. */
  stop(): Promise<void>;
}

const pageMessages = 50;

/** `random` in [0, 1). Begins at once. */
export function readPages(crowd: Crowd, system: SystemUnderProof, random: () => number): PageReader {
  const readings: PageReadings = { pages: 0, unavailable: 0, offences: [] };
  const stop = new AbortController();
  const reading = (async () => {
    while (!stop.signal.aborted) await readOne();
  })();

  async function readOne(): Promise<void> {
    const rooms = [...crowd.membersOf];
    const [id, members] = rooms[Math.floor(random() * rooms.length)] ?? ['', []];
    const acked = crowd.acks.filter(({ conversationId }) => conversationId === id).map(({ position }) => position);
    const before = random() < 0.5 ? undefined : acked[Math.floor(random() * acked.length)];
    const page = await fetchPage(id, members[0] ?? '', before);
    if (page) judge(id, { page, acked, before });
  }

  async function fetchPage(
    id: string,
    member: string,
    before: number | undefined,
  ): Promise<readonly number[] | undefined> {
    const anchor = before === undefined ? '' : `&before=${before}`;
    const url = `${system.base}/v1/conversations/${id}/messages?limit=${pageMessages}${anchor}`;
    const headers = { authorization: `Bearer ${await system.token(member)}` };
    const response = await fetch(url, { headers }).catch(() => undefined);
    if (response?.status !== 200) {
      readings.unavailable++;
      return undefined;
    }
    const { messages } = (await response.json()) as { readonly messages: readonly { readonly message_id: string }[] };
    return messages.map(({ message_id: messageId }) => Number(messageId));
  }

  function judge(
    id: string,
    {
      page,
      acked,
      before = Infinity,
    }: { page: readonly number[]; acked: readonly number[]; before: number | undefined },
  ): void {
    readings.pages++;
    const [shown, oldest] = [new Set(page), page.length < pageMessages ? 0 : (page.at(-1) ?? 0)];
    const missing = acked.filter((position) => position >= oldest && position < before && !shown.has(position));
    if (missing.length > 0) readings.offences.push(`${id}: acked but not on the page: ${missing.join(', ')}`);
    const isOrdered = page.every((position, at) => position < (page[at - 1] ?? before));
    if (!isOrdered) readings.offences.push(`${id}: not newest first, or not before ${before}: ${page.join(', ')}`);
  }

  return {
    readings,
    async stop() {
      stop.abort();
      await reading;
    },
  };
}
