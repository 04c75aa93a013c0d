// Fills conversations with messages, as quickly as they are accepted: preparation, not measured.
import { uuidv7 } from 'uuidv7';
import { openSocket } from './chat-socket.ts';
import { signToken } from './tokens.ts';

export interface Speak {
  readonly url: string;
  readonly conversations: readonly { readonly id: string; readonly speaker: string }[];
  readonly messagesEach: number;
}

/** Of one speaker; more would only wait, or be refused. */
const inFlightMax = 8;

export async function speak({ url, conversations, messagesEach }: Speak): Promise<{ readonly accepted: number }> {
  const bySpeaker = Map.groupBy(conversations, ({ speaker }) => speaker);
  const counts = await Promise.all(
    [...bySpeaker].map(async ([speaker, theirs]) => {
      const socket = await openSocket({ url, token: signToken(speaker) });
      const due = theirs.flatMap(({ id }) => Array.from({ length: messagesEach }, () => id));
      await new Promise<void>((resolve, reject) => {
        let answered = 0;
        let sent = 0;
        const next = (): void => {
          if (sent === due.length) return;
          const nth = sent++;
          const body = `said before, ${nth} ${'x'.repeat(100)}`;
          socket.send({ type: 'send', client_msg_id: uuidv7(), conversation_id: due[nth], body });
        };
        socket.onFrame((frame) => {
          if (frame.type === 'error' || frame.type === 'closed') return reject(new Error(JSON.stringify(frame)));
          if (frame.type !== 'ack') return;
          next();
          if (++answered === due.length) resolve();
        });
        for (let count = 0; count < inFlightMax; count++) next();
      });
      socket.close();
      return due.length;
    }),
  );
  return { accepted: counts.reduce((sum, count) => sum + count, 0) };
}
