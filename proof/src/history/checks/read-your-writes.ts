// Read your writes: a page or resume that was asked for after an ack, by whomever, includes what was acked and all before it, as
// far as the page speaks of it and its reader may see it. Pages that call themselves stale are exempt. Cannot see: a page that
// never came.
import { some, type Facts, type Offence } from '../facts.ts';
import { floorsOf } from '../floors.ts';
import type { Acked, ResumeAsked, Resumed } from '../history.ts';
import { clientOf, rangeOf, type Page } from '../readings.ts';

export function checkReadYourWrites(facts: Facts): readonly Offence[] {
  const pages = new Map(facts.readings.flatMap(({ page }) => (page ? [[page.asked, page]] : [])));
  const resumes = new Map<string, Resumed>();
  for (const entry of facts.history)
    if (entry.kind === 'resumed') resumes.set(`${clientOf(entry)} ${entry.ref}`, entry);
  return floorsOf(
    facts.history,
    (conversation) => conversation,
    (asked, floorOf) => {
      if (asked.kind === 'sent') return [];
      if (asked.kind === 'resume-asked') {
        return missedByResume(asked, resumes.get(`${clientOf(asked)} ${asked.ref}`), floorOf);
      }
      const [page, floor] = [pages.get(asked), floorOf(asked.conversation)];
      return page && floor ? missedByPage(facts, page, floor) : [];
    },
  );
}

function missedByPage(facts: Facts, page: Page, floor: Acked): readonly Offence[] {
  const { asked, read } = page;
  if (read.stale) return [];
  const log = facts.logOf(asked.conversation);
  const { after, upTo } = rangeOf(page);
  const window = log.window(asked.atMs, read.atMs, facts.options.clockSkewMsMax);
  const shown = new Set(read.messages.map(({ position }) => position));
  const missed = log
    .between(after, Math.min(upTo, floor.position))
    .filter(({ position, said }) => said.type === 'message' && !shown.has(position))
    .filter(({ position }) => log.isMeantFor(asked.user, position, window));
  if (missed.length === 0) return [];
  const positions = some(missed.map(({ position }) => position));
  const sentence = `a page of ${asked.user}'s in ${asked.conversation}, asked after ${floor.position} had been acked, lacks ${positions}`;
  return [{ kind: 'read your writes', sentence, entries: [floor, asked, read, ...missed] }];
}

function missedByResume(
  asked: ResumeAsked,
  resumed: Resumed | undefined,
  floorOf: (conversation: string) => Acked | undefined,
): readonly Offence[] {
  return Object.entries(resumed?.heads ?? {}).flatMap(([conversation, head]): Offence[] => {
    const floor = floorOf(conversation);
    if (!resumed || !floor || floor.position <= head) return [];
    const sentence = `a resume of ${conversation} by ${clientOf(asked)}, asked after ${floor.position} had been acked, ends at ${head}`;
    return [{ kind: 'read your writes', sentence, entries: [floor, asked, resumed] }];
  });
}
