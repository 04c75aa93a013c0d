// What JetStream answers to what our adapter asks of it, as tests: run by nats-server, on one replica and on three, and by the
// model that the simulation uses instead. Where the two differ the simulation would prove nothing.
import { headers, type Msg } from '@nats-io/transport-node';
import type { World } from '@parley/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { API_CODES } from '../nats/api-error.ts';
import type { Connection } from '../nats/connection.ts';
import { openConsumer, type ConsumerOptions, type OrderedConsumer } from '../nats/consumer.ts';
import { directBatch } from '../nats/direct-get.ts';
import { JetStreamApi } from '../nats/jetstream-api.ts';
import { Requests } from '../nats/requests.ts';

/** A stream of this name, with these subjects and this short a memory, is what is opened. */
export const CONTRACT_STREAM = { name: 'CONTRACT', subjects: ['contract.>'], dedupWindowMs: 1_500 } as const;

export interface OpenedJetStream extends AsyncDisposable {
  readonly connection: Connection;
  readonly world: World;
  readonly replicas: 1 | 3;
}

interface Ack {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly err_code: number };
}

interface Publishing {
  readonly id?: string;
  /** Nothing but this may be the last of that subject. */
  readonly expect?: { readonly subject: string; readonly seq: number };
}

export function describeJetStream(name: string, open: () => Promise<OpenedJetStream>): void {
  describe(`${name}, as JetStream`, () => {
    let opened: OpenedJetStream;
    let requests: Requests;
    let api: JetStreamApi;
    let rooms = 0;
    beforeAll(async () => {
      opened = await open();
      requests = new Requests(opened.connection, opened.world);
      api = new JetStreamApi(requests, opened.world);
    }, 120_000);
    afterAll(async () => {
      requests[Symbol.dispose]();
      await opened[Symbol.asyncDispose]();
    });

    const room = (): { readonly msg: string; readonly meta: string } => {
      const id = `contract.${opened.world.uuid()}${++rooms}`;
      return { msg: `${id}.msg`, meta: `${id}.meta` };
    };

    async function publish(subject: string, { id, expect: expected }: Publishing = {}): Promise<Ack> {
      const values = headers();
      if (id !== undefined) values.append('Nats-Msg-Id', id);
      if (expected) {
        values.append('Nats-Expected-Last-Subject-Sequence', `${expected.seq}`);
        values.append('Nats-Expected-Last-Subject-Sequence-Subject', expected.subject);
      }
      const reply: Msg = await requests.send({ subject, payload: subject, headers: values, timeoutMs: 5_000 });
      return reply.json<Ack>();
    }

    const stored = async (subject: string, publishing?: Publishing): Promise<number> => {
      const ack = await publish(subject, publishing);
      if (!isNew(ack) || ack.seq === undefined) throw new Error(`not stored: ${JSON.stringify(ack)}`);
      return ack.seq;
    };

    test('stores what is published, each above the one before', async () => {
      const { msg } = room();
      const first = await stored(msg);
      expect(await stored(msg)).toBe(first + 1);
      expect((await api.head(CONTRACT_STREAM.name)).position).toBe(first + 1);
    });

    test('acks a message id again with the original, and once it has forgotten it stores it anew', async () => {
      const { msg } = room();
      const id = opened.world.uuid();
      const original = await stored(msg, { id });
      expect(await publish(msg, { id })).toMatchObject({ seq: original, duplicate: true });
      await expect.poll(() => publish(msg, { id }).then(({ seq }) => seq), { timeout: 20_000 }).toBe(original + 1);
    });

    test('refuses what expects another last message of the subject', async () => {
      const { msg, meta } = room();
      const first = await stored(meta, { expect: { subject: meta, seq: 0 } });
      expect(await publish(meta, { expect: { subject: meta, seq: 0 } })).toMatchObject(refusedAs.stale);
      expect(await publish(msg, { expect: { subject: meta, seq: first + 1 } })).toMatchObject(refusedAs.stale);
      await stored(msg, { expect: { subject: meta, seq: first } });
    });

    test('answers a repeat on a condition that has become stale: one replica refuses, three give the original', async () => {
      const { msg, meta } = room();
      const first = await stored(meta, { expect: { subject: meta, seq: 0 } });
      const retried = { id: opened.world.uuid(), expect: { subject: meta, seq: first } };
      const original = await stored(msg, retried);
      await stored(meta, { expect: { subject: meta, seq: first } });
      const repeat = opened.replicas === 1 ? refusedAs.stale : { seq: original, duplicate: true };
      expect(await publish(msg, retried)).toMatchObject(repeat);
    });

    test('of copies at once it stores one', async () => {
      const { msg } = room();
      const copy = { id: opened.world.uuid() };
      const acks = await Promise.all(Array.from({ length: 4 }, () => publish(msg, copy)));
      const [original, ...others] = acks.filter(isNew);
      expect(others).toEqual([]);
      const answers = acks.filter((ack) => ack !== original).map(({ seq, error }) => error?.err_code ?? seq);
      const inFlight = opened.replicas === 3 ? [API_CODES.DuplicateInFlight] : [];
      expect(new Set(answers).difference(new Set([original?.seq, ...inFlight]))).toEqual(new Set());
    });

    test('of changes at once on one state it stores one', async () => {
      const { meta } = room();
      const change = { expect: { subject: meta, seq: 0 } };
      const acks = await Promise.all(Array.from({ length: 4 }, () => publish(meta, change)));
      expect(acks.filter(isNew)).toHaveLength(1);
      const inFlight = opened.replicas === 3 ? [API_CODES.ConditionInFlight] : [];
      expect(codesOf(acks).difference(new Set<number>([API_CODES.WrongLastSequence, ...inFlight]))).toEqual(new Set());
    });

    test('of messages at once on one state it stores all, or says that one is in flight', async () => {
      const { msg, meta } = room();
      const first = await stored(meta);
      const message = { expect: { subject: meta, seq: first } };
      const acks = await Promise.all(Array.from({ length: 4 }, () => publish(msg, message)));
      const inFlight = opened.replicas === 3 ? [API_CODES.ConditionInFlight] : [];
      expect(codesOf(acks).difference(new Set<number>(inFlight))).toEqual(new Set());
      expect(acks.filter(isNew).length).toBeGreaterThan(0);
    });

    test('finds a message by its sequence, as the last of a subject, and as the next of one', async () => {
      const { msg, meta } = room();
      const [first, , third] = [await stored(msg), await stored(meta), await stored(msg)];
      const find = async (query: Parameters<JetStreamApi['message']>[1]) =>
        (await api.message(CONTRACT_STREAM.name, query))?.position;
      expect(await api.message(CONTRACT_STREAM.name, { seq: first })).toMatchObject({ subject: msg, position: first });
      expect(await find({ last_by_subj: msg })).toBe(third);
      expect(await find({ seq: first + 1, next_by_subj: msg })).toBe(third);
      expect(await find({ seq: third + 1, next_by_subj: msg })).toBeUndefined();
      expect(await find({ seq: third + 1 })).toBeUndefined();
    });

    test('gives a subject’s messages at once, in order, from a beginning on', async () => {
      const { msg, meta } = room();
      const wanted = [await stored(msg)];
      await stored(meta);
      wanted.push(await stored(msg), await stored(msg));
      const from = wanted[0] ?? 0;
      const read = async () =>
        (await directBatch(opened, { stream: CONTRACT_STREAM.name, subject: msg, from, upTo: from + 3 })).map(
          ({ position }) => position,
        );
      const found = await read();
      expect(found).toEqual(wanted.slice(0, found.length));
      await expect.poll(read, { timeout: 10_000 }).toEqual(wanted);
    });

    test('delivers from any position on, in order, what is there and what comes', async () => {
      const { msg } = room();
      const startAt = (await stored(msg)) + 1;
      const before = [await stored(msg), await stored(msg)];
      await using consumer = await consume(startAt);
      const seen = [...(await consumer.take(512))];
      const after = [await stored(msg), await stored(msg)];
      while (seen.length < before.length + after.length) seen.push(...(await consumer.take(512)));
      expect(seen.map(({ sequence }) => sequence)).toEqual([...before, ...after]);
      const [first] = seen;
      const found = await api.message(CONTRACT_STREAM.name, { seq: startAt });
      expect(first).toMatchObject({ storedTs: found?.storedTs, message: { subject: msg } });
    });

    test('delivers some subjects alone, and counts what it delivers', async () => {
      const { msg, meta } = room();
      const startAt = (await stored(msg)) + 1;
      const wanted: number[] = [];
      for (let round = 0; round < 3; round++) {
        wanted.push(await stored(msg));
        await stored(room().msg);
        wanted.push(await stored(meta));
      }
      const name = `reader-${opened.world.uuid().slice(-8)}`;
      await using consumer = await openConsumer({ ...reader(startAt, name), subjects: [msg, meta] });
      const seen = [...(await consumer.take(512))];
      while (seen.length < wanted.length) seen.push(...(await consumer.take(512)));
      expect(seen.map(({ sequence }) => sequence)).toEqual(wanted);
      expect(seen.map(({ serial }) => serial)).toEqual([1, 2, 3, 4, 5, 6]);
    });

    test('lets an idle consumer be heard, so that it is not taken for lost', async () => {
      const { msg } = room();
      await using consumer = await consume((await stored(msg)) + 1);
      const taking = consumer.take(512);
      await opened.world.sleep(3_000); // longer than it may be silent
      expect(consumer.brokenBy).toBeUndefined();
      const next = await stored(msg);
      expect((await taking).map(({ sequence }) => sequence)).toEqual([next]);
    });

    test('forgets a consumer that is deleted', async () => {
      const name = `gone-${opened.world.uuid().slice(-8)}`;
      await using consumer = await consume((await stored(room().msg)) + 1, name);
      await api.ask(`CONSUMER.DELETE.${CONTRACT_STREAM.name}.${name}`);
      expect(await consumer.take(512)).toEqual([]);
      expect(consumer.brokenBy).toBeDefined();
    });

    const reader = (startAt: number, name: string): ConsumerOptions => {
      const { signal } = new AbortController();
      return { ...opened, api, stream: CONTRACT_STREAM.name, name, startAt, signal };
    };

    const consume = (startAt: number, name = `reader-${opened.world.uuid().slice(-8)}`): Promise<OrderedConsumer> =>
      openConsumer(reader(startAt, name));
  });
}

/** A refusal by three replicas has a sequence, too: 0. */
const isNew = ({ error, duplicate }: Ack): boolean => error === undefined && duplicate !== true;

const codesOf = (acks: readonly Ack[]): ReadonlySet<number> =>
  new Set(acks.flatMap(({ error }) => error?.err_code ?? []));

const refusedAs = { stale: { error: { err_code: API_CODES.WrongLastSequence } } } as const;
