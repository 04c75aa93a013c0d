// What there is when all is quiet, for the judge: the log as the server has it, the rows as the stores have them, and what a
// new client of each member is given.
import type { ConversationId } from '@parley/domain';
import type { Message, Shown } from '@parley/proof';
import { startTs } from './cluster.ts';
import { Line, type Frame } from './line.ts';
import { call } from './rest.ts';
import { saidInRecord, shownInFrame } from './shown.ts';
import type { Play } from './talk.ts';
import { Chance } from './chance.ts';

export async function collect(play: Play): Promise<void> {
  readLog(play);
  for (const { id } of play.groups) {
    await readRows(play, id);
    for (const user of play.users) {
      await walkPages(play, id, user);
      await syncAfresh(play, id, user);
    }
  }
}

function readLog({ cluster, recorder }: Play): void {
  for (const name of cluster.streams) {
    const stream = cluster.nats.stream(name);
    for (let seq = 1; seq <= stream.head; seq++) {
      const message = stream.at(seq);
      if (!message) throw new Error(`${name} has nothing at ${seq}`);
      const { said, notAfterTs } = saidInRecord(message.data);
      const [, , conversation = ''] = message.subject.split('.');
      const isVoid = message.storedTs > notAfterTs;
      recorder.record({
        kind: 'logged',
        conversation,
        position: seq,
        said,
        isVoid,
        storedMs: message.storedTs - startTs,
      });
    }
  }
}

async function readRows({ cluster, recorder }: Play, conversation: string): Promise<void> {
  const range = { order: 'oldest-first', limit: 100_000 } as const;
  for (const { stored, prev, ordinal } of await cluster.timeline.range(conversation as ConversationId, range)) {
    const { event, actorId, position } = stored;
    const said: Message | undefined =
      event.type === 'message.sent'
        ? { type: 'message', sender: actorId, clientMsgId: event.clientMsgId, body: event.body }
        : undefined;
    recorder.record({ kind: 'row', conversation, position, prev, ordinal, ...(said && { said }) });
  }
}

/** From the newest to the first; nothing for who may not. */
async function walkPages(play: Play, conversation: string, user: string): Promise<void> {
  const messages: Shown[] = [];
  for (let before = ''; ;) {
    const path = `/v1/conversations/${conversation}/messages`;
    const answer = await call(play, { user, method: 'GET', path, query: `limit=40${before}` });
    if (answer?.status === 403) return;
    if (answer?.status !== 200) throw new Error(`a page of ${conversation} for ${user}: ${answer?.status}`);
    const page = (answer.body['messages'] as Frame[]).map(shownInFrame);
    messages.unshift(...page.toReversed());
    const oldest = page.at(-1);
    if (answer.body['has_more'] !== true || !oldest) break;
    before = `&before=${oldest.position}`;
  }
  play.recorder.record({ kind: 'page-walk', user, conversation, messages });
}

/** As a new device that resumes it from 0; nothing for who may not, or where it is too much. */
function syncAfresh(play: Play, conversation: string, user: string): Promise<void> {
  const { cluster, fleet, recorder } = play;
  const gateway = fleet.gateway(play.chance.whole(0, 1));
  if (!gateway) throw new Error('a gateway is missing after all was well');
  const shown: Shown[] = [];
  return new Promise((resolve, reject) => {
    const answers: Readonly<Record<string, (frame: Frame) => void>> = {
      hello: () => line.send({ type: 'resume', last_seen: { [conversation]: '0' } }),
      history: (frame) =>
        shown.push(...[...(frame['messages'] as Frame[]), ...(frame['conversations'] as Frame[])].map(shownInFrame)),
      resumed(frame) {
        const head = (frame['heads'] as Record<string, string>)[conversation];
        const inOrder = shown.toSorted((a, b) => a.position - b.position);
        if (head !== undefined)
          recorder.record({ kind: 'fresh-sync', user, conversation, head: Number(head), shown: inOrder });
        line.close();
        resolve();
      },
    };
    const line: Line = new Line({
      cluster,
      fleet,
      gateway,
      user,
      device: `fresh-${cluster.time.ran}`,
      chance: new Chance(cluster.seed, `${user} ${conversation}`),
      onFrame: (frame) => answers[frame.type]?.(frame),
      onClosed: (code) => reject(new Error(`a fresh client is closed with ${code}`)),
    });
  });
}
