// A new client's view: everything from the beginning, by one resume. It asks for what is not its business, too, and does not wait
// until it has what it should have: the history says what it was given.
import { toShown, type Frame, type Happening, type Shown } from '@parley/proof';

export interface Reader {
  readonly url: () => string;
  readonly token: (userId: string) => Promise<string>;
}

const answerMsMax = 30_000;

/** A new client of this user resumes these conversations from their beginning, its own and others. */
export async function freshSync(reader: Reader, user: string, ids: readonly string[]): Promise<readonly Happening[]> {
  const url = `${reader.url().replace('http', 'ws')}/v1/ws?device=afterwards`;
  const socket = new WebSocket(url, ['chat.v1', `bearer.${await reader.token(user)}`]);
  const shown = new Map<string, Shown[]>();
  const { promise: heads, resolve, reject } = Promise.withResolvers<Record<string, string>>();
  socket.addEventListener('close', ({ code }) => reject(new Error(`${user}'s fresh sync was closed: ${code}`)));
  socket.addEventListener('message', ({ data }) => {
    const frame = JSON.parse(String(data)) as Frame;
    if (frame.type === 'hello') socket.send(JSON.stringify(resumeOf(ids)));
    if (frame.type === 'history') keep(shown, frame);
    if (frame.type === 'resumed') resolve(frame['heads'] as Record<string, string>);
  });
  const late = setTimeout(() => reject(new Error(`${user}'s fresh sync took too long`)), answerMsMax);
  try {
    const reached = Object.entries(await heads);
    return reached.map(([conversation, head]) => ({
      kind: 'fresh-sync',
      user,
      conversation,
      head: Number(head),
      shown: shown.get(conversation) ?? [],
    }));
  } finally {
    clearTimeout(late);
    socket.close();
  }
}

const resumeOf = (ids: readonly string[]) => ({
  type: 'resume',
  ref: 'fresh',
  last_seen: Object.fromEntries(ids.map((id) => [id, '0'])),
});

function keep(shown: Map<string, Shown[]>, frame: Frame): void {
  const id = String(frame['conversation_id']);
  const lists = [frame['messages'], frame['conversations']] as readonly (readonly Frame[] | undefined)[];
  const entries = lists.flatMap((list) => list ?? []).flatMap((entry) => toShown(entry) ?? []);
  shown.set(id, [...(shown.get(id) ?? []), ...entries.toSorted((a, b) => a.position - b.position)]);
}
