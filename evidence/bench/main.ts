// What a simple loop of clients sees: each sends, waits for the ack, sends again. Beside it, in the same run and on the same
// nats-server, the limit: js.publish alone, with the same payload, sync setting and number of streams.
//   npm run bench
import { jetstream, jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { eventually, isAcked, quantile, RecordingClient } from '@parley/proof';
import { StandaloneProcess } from '@parley/standalone/testing';

const loops = 16;
const secondsEach = 10;
const rounds = 3;
const body = 'x'.repeat(128);

interface Figures {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** One call after another in each loop, for the given time. */
async function measure(call: (loop: number, nth: number) => Promise<unknown>): Promise<Figures> {
  const times: number[] = [];
  const startedMs = performance.now();
  const endMs = startedMs + secondsEach * 1000;
  const loop = async (index: number): Promise<void> => {
    for (let nth = 0; performance.now() < endMs; nth++) {
      const before = performance.now();
      await call(index, nth);
      times.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: loops }, (_, index) => loop(index)));
  const perSecond = times.length / ((performance.now() - startedMs) / 1000);
  return { perSecond, p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

async function connectClients(standalone: StandaloneProcess) {
  const clients = Array.from({ length: loops }, (_, index) => {
    const userId = `loop-${index}`;
    return new RecordingClient({ url: () => standalone.socketUrl, userId, token: (user) => standalone.token(user) });
  });
  for (const client of clients) client.start();
  await eventually('every client is connected', () => clients.every(({ isReady }) => isReady));
  const chats: { client: RecordingClient; id: string }[] = [];
  for (const client of clients) {
    const token = await standalone.token(client.userId);
    const request = { token, body: { type: 'direct', members: ['listener'] } };
    const { conversation_id: id } = await standalone.call<{ conversation_id: string }>(
      'POST',
      '/v1/conversations',
      request,
    );
    chats.push({ client, id });
  }
  return chats;
}

async function rawPublisher(natsUrl: string) {
  const nc = await connect({ servers: natsUrl, noAsyncTraces: true });
  const jsm = await jetstreamManager(nc);
  for (let shard = 0; shard < loops; shard++) {
    await jsm.streams.add({
      name: `RAW_${shard}`,
      subjects: [`raw.${shard}.>`],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
    });
  }
  const js = jetstream(nc);
  const payload = new Uint8Array(300).fill(120); // an event of a 128-byte message, with its envelope
  return {
    plain: (loop: number) => js.publish(`raw.${loop}.msg`, payload),
    conditional: (loop: number, nth: number) =>
      js.publish(`raw.${loop}.msg`, payload, {
        msgID: `${loop}-${nth}-${performance.now()}`,
        expect: { lastSubjectSequence: 0, lastSubjectSequenceSubject: `raw.${loop}.meta` },
      }),
    close: () => nc.close(),
  };
}

const line = (what: string, { perSecond, p50, p99 }: Figures): string =>
  `${what.padEnd(34)} ${perSecond.toFixed(0).padStart(7)}/s   p50 ${p50.toFixed(2)} ms   p99 ${p99.toFixed(2)} ms`;

await using standalone = await StandaloneProcess.start();
const chats = await connectClients(standalone);
const raw = await rawPublisher(standalone.natsUrl);
console.log(
  `${loops} loops, one in flight each, ${body.length}-byte bodies, R1, sync always, ${process.arch} ${process.version}`,
);
for (let round = 1; round <= rounds; round++) {
  const sends = await measure(async (loop) => {
    const chat = chats[loop];
    if (!chat || !isAcked(await chat.client.send(chat.id, body))) throw new Error('refused');
  });
  const conditional = await measure(raw.conditional);
  const plain = await measure(raw.plain);
  console.log(`round ${round}`);
  console.log(line('  parley: send to ack', sends));
  console.log(line('  js.publish, same condition and id', conditional));
  console.log(line('  js.publish, plain', plain));
  console.log(`  ratio ${(sends.perSecond / conditional.perSecond).toFixed(2)} of the conditional limit`);
}
for (const { client } of chats) client.stop();
await raw.close();
