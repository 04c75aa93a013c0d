// Mutations that change what was said, make something up, or turn a position, head, ordinal or link back.
import type { History, Received, Resumed, ResumeAsked } from '../history.ts';
import { clientOf } from '../readings.ts';
import { isAt, isStored, otherBody, type Mutation, type Past } from './editing.ts';

export const alterations: readonly Mutation[] = [
  {
    name: 'alters the body of a frame',
    caughtBy: 'invented or altered',
    mutate: (past) => past.alter(frame(past), ({ said }) => ({ said: otherBody(said) })),
  },
  {
    name: 'alters the sender of a frame',
    caughtBy: 'invented or altered',
    mutate: (past) =>
      past.alter(frame(past), ({ said }) => ({
        said: said.type === 'message' ? { ...said, sender: 'mallory' } : said,
      })),
  },
  {
    name: 'alters the client_msg_id of a frame',
    caughtBy: 'invented or altered',
    mutate: (past) =>
      past.alter(frame(past), ({ said }) => ({
        said: said.type === 'message' ? { ...said, clientMsgId: 'other' } : said,
      })),
  },
  {
    name: 'alters whom a membership frame is about',
    caughtBy: 'invented or altered',
    mutate(past) {
      const changes = past.ofKind('received').filter(({ said }) => said.type === 'added' || said.type === 'removed');
      return past.alter(past.pick(changes), ({ said }) => ({
        said: said.type === 'message' ? said : { ...said, users: ['mallory'] },
      }));
    },
  },
  {
    name: 'alters a body in a page',
    caughtBy: 'invented or altered',
    mutate: (past) =>
      past.alter(past.pick(past.ofKind('page-read').filter(({ messages }) => messages.length > 0)), ({ messages }) => ({
        messages: messages.map((shown, index) => (index === 0 ? { ...shown, said: otherBody(shown.said) } : shown)),
      })),
  },
  {
    name: 'alters a body in the log and its row',
    caughtBy: 'invented or altered',
    says: /the log of .* another body than was sent/,
    mutate(past) {
      const altered = past.pick(past.messages);
      return past.history.map((entry) =>
        altered && isStored(entry) && isAt(altered)(entry) ? { ...entry, said: otherBody(altered.said) } : entry,
      );
    },
  },
  {
    name: 'alters a row',
    caughtBy: 'rows',
    mutate: (past) =>
      past.alter(past.pick(past.ofKind('row').filter(isMessage)), ({ said }) =>
        said ? { said: otherBody(said) } : {},
      ),
  },
  {
    name: 'shows a message at another position',
    caughtBy: 'order',
    mutate: (past) => past.alter(frame(past), () => ({ position: past.nextPosition })),
  },
  {
    name: 'invents a message in the log and its row',
    caughtBy: 'invented or altered',
    mutate(past) {
      const like = past.pick(past.messages);
      const position = past.nextPosition;
      return like && past.with({ ...like, position, said: { ...like.said, clientMsgId: 'invented' } });
    },
  },
  {
    name: 'invents a frame',
    caughtBy: 'invented or altered',
    mutate: (past) =>
      past.replace(frame(past), (old) => [
        old,
        {
          ...old,
          position: past.nextPosition,
          said: { type: 'message', sender: 'ann', clientMsgId: 'invented', body: 'never said' },
        },
      ]),
  },
  {
    name: 'acks what nobody sent',
    caughtBy: 'invented or altered',
    mutate: (past) =>
      past.replace(past.pick(past.ofKind('acked')), (ack) => [ack, { ...ack, clientMsgId: 'invented' }]),
  },
  {
    name: 'refuses for good what it stores',
    caughtBy: 'unanswered',
    mutate(past) {
      const chosen = past.pick(past.ofKind('acked').filter(({ duplicate }) => !duplicate));
      return past.history.flatMap((entry) => {
        if (!chosen || entry.kind !== 'acked' || entry.clientMsgId !== chosen.clientMsgId) return [entry];
        const { position: _position, duplicate: _duplicate, ...answer } = entry;
        const atMs = past.endMs;
        return [{ ...answer, atMs, kind: 'refused', code: 'not_a_member', retryable: false }];
      });
    },
  },
];

export const regressions: readonly Mutation[] = [
  {
    name: 'counts a message one too low in its row',
    caughtBy: 'rows',
    mutate: (past) =>
      past.alter(past.pick(past.ofKind('row').filter(isMessage)), ({ ordinal = 0 }) => ({ ordinal: ordinal - 1 })),
  },
  {
    name: 'links a row to an older one',
    caughtBy: 'rows',
    mutate: (past) => past.alter(past.pick(past.ofKind('row').filter(({ prev }) => prev !== 0)), () => ({ prev: 0 })),
  },
  {
    name: 'names an older prev_id in a frame',
    caughtBy: 'gap',
    mutate: (past) =>
      past.alter(past.pick(past.ofKind('received').filter(({ prev }) => prev !== 0)), () => ({ prev: 0 })),
  },
  {
    name: 'names a head before the cursor',
    caughtBy: 'resume',
    says: /went back/,
    mutate: (past) => alterHead(past, ({ asked, conversation }) => (asked.cursors[conversation] ?? 0) - 1),
  },
  {
    name: 'ends a resume before what had been acked',
    caughtBy: 'read your writes',
    mutate: (past) => alterHead(past, ({ conversation }) => past.logs.get(conversation)?.accepted[0]?.position ?? 0),
  },
  {
    name: 'leaves an event out of a resume',
    caughtBy: 'resume',
    mutate(past) {
      const ended = new Set(past.ofKind('resumed').map((entry) => `${clientOf(entry)} ${entry.ref}`));
      const lost = past.pick(
        past.ofKind('received').filter((one) => one.via === 'resume' && ended.has(`${clientOf(one)} ${one.ref}`)),
      );
      return lost && past.without((entry) => entry === lost);
    },
  },
  {
    name: 'resumes from before the cursor',
    caughtBy: 'resume',
    mutate(past) {
      const { asked, conversation, resumed } = past.pick(answered(past)) ?? {};
      const [first] = past.logs.get(conversation ?? '')?.accepted ?? [];
      return past.replace(resumed, (old) =>
        first && asked
          ? [{ ...first, ...old, kind: 'received', via: 'resume', conversation: first.conversation }, old]
          : [old],
      );
    },
  },
  {
    name: 'says not_a_member to a member',
    caughtBy: 'resume',
    mutate(past) {
      const { resumed, conversation = '' } =
        past.pick(answered(past).filter(({ asked }) => asked.user === 'ann')) ?? {};
      return past.replace(resumed, (old) => [
        { ...old, kind: 'resume-failed', conversation, reason: 'not_a_member' },
        old,
      ]);
    },
  },
];

const frame = (past: Past): Received | undefined => past.pick(past.ofKind('received').filter(isMessage));

const isMessage = ({ said }: Pick<Partial<Received>, 'said'>): boolean => said?.type === 'message';

interface Answered {
  readonly asked: ResumeAsked;
  readonly resumed: Resumed;
  readonly conversation: string;
}

/** Resumes that were answered, of conversations of which their clients had something and others had got acks before. */
function answered(past: Past): readonly Answered[] {
  const ended = new Map(past.ofKind('resumed').map((entry) => [`${clientOf(entry)} ${entry.ref}`, entry]));
  return past.ofKind('resume-asked').flatMap((asked) => {
    const resumed = ended.get(`${clientOf(asked)} ${asked.ref}`);
    const known = Object.keys(asked.cursors).filter(
      (id) => (asked.cursors[id] ?? 0) > 20 && resumed?.heads[id] !== undefined,
    );
    return resumed ? known.map((conversation) => ({ asked, resumed, conversation })) : [];
  });
}

function alterHead(past: Past, head: (answer: Answered) => number): History | undefined {
  const chosen = past.pick(answered(past));
  return past.alter(chosen?.resumed, ({ heads }) =>
    chosen ? { heads: { ...heads, [chosen.conversation]: head(chosen) } } : {},
  );
}
