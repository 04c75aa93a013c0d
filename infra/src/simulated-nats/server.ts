// NATS as our processes see it: subjects with their subscribers, at most once and in order; JetStream's streams and the part of
// its API that our adapter uses. Servers of a cluster are one here; what happens between them shows as `Weather`.
import { headers, type MsgHdrs } from '@nats-io/transport-node';
import type { World } from '@parley/domain';
import type { MessageQuery } from '../nats/jetstream-api.ts';
import { noSuchConsumer, storedMessage, streamInfo } from './api.ts';
import { Consumer, type Delivery, type PullRequest } from './consumers.ts';
import { Stream, type StreamMessage, type StreamSettings } from './stream.ts';

/** What the network and the servers do to what is sent; asked for each message anew. */
export interface Weather {
  /** From a client to its server, or back. */
  linkMs(): number;
  /** From a leader's proposal to its quorum. */
  replicationMs(): number;
  /** Between servers: this request, answer, delivery or frame never comes. */
  isLost(subject: string): boolean;
}

export interface ServerOptions extends StreamSettings {
  readonly world: Pick<World, 'now' | 'schedule' | 'random'>;
  readonly weather: Weather;
  readonly streams: readonly string[];
  /** Which of them takes what is published there. */
  readonly streamOf: (subject: string) => string | undefined;
}

export interface Published {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers?: MsgHdrs;
  readonly reply?: string;
}

export interface Subscriber {
  readonly subject: string;
  deliver(delivery: Delivery): void;
}

/** What a stream's leader is at. */
interface Led {
  readonly name: string;
  readonly stream: Stream;
  readonly consumers: Map<string, Consumer>;
  /** How to answer for each proposal. */
  answers: ((seq: number) => void)[];
  term: number;
  lastCommitTs: number;
  leaderlessUntilTs: number;
}

export class SimulatedNats {
  readonly options: ServerOptions;
  readonly #led: ReadonlyMap<string, Led>;
  /** By subject; `a.b.*` hears everything one token below `a.b`. */
  readonly #subscribers = new Map<string, Set<Subscriber>>();

  constructor(options: ServerOptions) {
    this.options = options;
    this.#led = new Map(options.streams.map((name) => [name, lead(name, new Stream(options))]));
  }

  stream(name: string): Stream {
    return this.#find(name).stream;
  }

  subscribe(subscriber: Subscriber): Disposable {
    const those = this.#subscribers.get(subscriber.subject) ?? new Set();
    this.#subscribers.set(subscriber.subject, those.add(subscriber));
    return { [Symbol.dispose]: () => void those.delete(subscriber) };
  }

  publish(published: Published): void {
    const { subject } = published;
    const stream = this.options.streamOf(subject);
    if (stream !== undefined) this.#offer(this.#find(stream), published);
    else if (subject.startsWith(API)) this.#answer(published);
    else if (!this.options.weather.isLost(subject)) this.#deliver(subject, published);
  }

  /** Its leader is gone: some of what was proposed still finds its quorum, nobody is told; and for so long nobody leads. */
  elect(name: string, leaderlessMs: number): void {
    const led = this.#find(name);
    const kept = Math.floor(this.options.world.random() * (led.stream.proposed + 1));
    for (let count = 0; count < kept; count++) led.stream.commit();
    led.stream.elect();
    led.answers = [];
    led.term++;
    led.leaderlessUntilTs = this.options.world.now() + leaderlessMs;
    this.#forgetConsumers(led);
  }

  /** As a server does that is started again: they were in its memory. */
  #forgetConsumers({ consumers }: Led): void {
    for (const consumer of consumers.values()) consumer[Symbol.dispose]();
    consumers.clear();
  }

  #find(name: string): Led {
    const led = this.#led.get(name);
    if (!led) throw new Error(`no stream ${name}`);
    return led;
  }

  #isReachable({ leaderlessUntilTs }: Led, subject: string): boolean {
    return this.options.world.now() >= leaderlessUntilTs && !this.options.weather.isLost(subject);
  }

  #offer(led: Led, { reply, ...offer }: Published): void {
    if (!this.#isReachable(led, offer.subject)) return;
    const verdict = led.stream.offer(offer, this.options.world.now());
    const answer = (value: object): void => this.#reply(reply, { stream: led.name, ...value });
    if (verdict.type === 'refused') return answer({ error: { code: 400, err_code: verdict.code } });
    if (verdict.type === 'proposed') return this.#propose(led, (seq) => answer({ seq }));
    answer(verdict.isDuplicate ? { seq: verdict.seq, duplicate: true } : { seq: verdict.seq });
    this.#serve(led);
  }

  #propose(led: Led, answer: (seq: number) => void): void {
    const { world, weather } = this.options;
    const { term } = led;
    led.answers.push(answer);
    led.lastCommitTs = Math.max(led.lastCommitTs, world.now() + weather.replicationMs());
    world.schedule(led.lastCommitTs - world.now(), () => {
      if (led.term !== term) return;
      const { seq } = led.stream.commit();
      led.answers.shift()?.(seq);
      this.#serve(led);
    });
  }

  #serve({ consumers }: Led): void {
    for (const consumer of consumers.values()) consumer.serve();
  }

  #answer(published: Published): void {
    const call = published.subject.slice(API.length);
    const named = CALLS.find((name) => call.startsWith(`${name}.`));
    if (named === undefined) return;
    const [stream = '', consumer = ''] = call.slice(named.length + 1).split('.');
    const led = this.#find(stream);
    if (this.#isReachable(led, published.subject))
      this.#handle(named, { led, consumer, reply: published.reply, body: parse(published.data) });
  }

  #handle(call: Call, request: ApiRequest): void {
    const { stream } = request.led;
    switch (call) {
      case 'STREAM.INFO':
        return this.#reply(request.reply, streamInfo(stream, this.options.world.now()));
      case 'STREAM.MSG.GET':
        return this.#reply(request.reply, storedMessage(stream, request.body as MessageQuery));
      case 'DIRECT.GET':
        return this.#directGet(request);
      case 'CONSUMER.CREATE':
        return this.#create(request);
      case 'CONSUMER.MSG.NEXT':
        return this.#pull(request);
      case 'CONSUMER.DELETE':
        return this.#forget(request);
    }
  }

  #create({ led, consumer: name, reply, body }: ApiRequest): void {
    const { config } = body as { readonly config: ConsumerConfig };
    const { world, weather } = this.options;
    led.consumers.get(name)?.[Symbol.dispose]();
    const deliver = (inbox: string, delivery: Delivery): void => {
      if (!weather.isLost(inbox)) this.#deliver(inbox, delivery);
    };
    const { stream } = led;
    const filter = config.filter_subjects && { subjects: config.filter_subjects };
    const place = { streamName: led.name, name, startAt: config.opt_start_seq, ...filter };
    led.consumers.set(name, new Consumer({ world, stream, ...place, deliver }));
    this.#reply(reply, { name });
  }

  #pull({ led, consumer, reply = '', body }: ApiRequest): void {
    const found = led.consumers.get(consumer);
    if (found && this.#subscribers.get(reply)?.size) found.pull(reply, body as PullRequest);
  }

  #forget({ led, consumer, reply }: ApiRequest): void {
    const found = led.consumers.get(consumer);
    found?.[Symbol.dispose]();
    led.consumers.delete(consumer);
    this.#reply(reply, found ? { success: true } : noSuchConsumer);
  }

  /** From any replica: it may be a little behind the leader. */
  #directGet({ led, reply = '', body }: ApiRequest): void {
    const { seq, next_by_subj, batch } = body as { seq: number; next_by_subj: string; batch: number };
    const upTo = led.stream.head - Math.floor(this.options.world.random() * lagMax);
    let found = led.stream.next(next_by_subj, seq);
    for (let count = 0; found && found.seq <= upTo && count < batch; count++) {
      this.#deliver(reply, { subject: reply, data: found.data, headers: directHeaders(found) });
      found = led.stream.next(next_by_subj, found.seq + 1);
    }
    this.#deliver(reply, { subject: reply, data: nothing, headers: headers(204, 'EOB') });
  }

  #reply(inbox: string | undefined, answer: object): void {
    if (inbox === undefined || this.options.weather.isLost(inbox)) return;
    this.#deliver(inbox, { subject: inbox, data: Buffer.from(JSON.stringify(answer)) });
  }

  #deliver(to: string, delivery: Delivery): void {
    const above = `${to.slice(0, to.lastIndexOf('.'))}.*`;
    for (const subject of [to, above]) {
      for (const subscriber of this.#subscribers.get(subject) ?? []) subscriber.deliver(delivery);
    }
  }
}

/** As `nats/subjects.ts` spells them. */
export function chatStreamOf(subject: string): string | undefined {
  const [chat, shard] = subject.split('.', 2);
  return chat === 'chat' ? `CHAT_${shard}` : undefined;
}

const API = '$JS.API.';

/** None begins like another. */
const CALLS = [
  'STREAM.INFO',
  'STREAM.MSG.GET',
  'DIRECT.GET',
  'CONSUMER.CREATE',
  'CONSUMER.MSG.NEXT',
  'CONSUMER.DELETE',
] as const;
type Call = (typeof CALLS)[number];

interface ConsumerConfig {
  readonly opt_start_seq: number;
  readonly filter_subjects?: readonly string[];
}

interface ApiRequest {
  readonly led: Led;
  readonly consumer: string;
  readonly reply: string | undefined;
  readonly body: unknown;
}

/** How far a replica that answers a direct get is behind, at most. */
const lagMax = 3;

const nothing = new Uint8Array();

const lead = (name: string, stream: Stream): Led => ({
  name,
  stream,
  consumers: new Map(),
  answers: [],
  term: 0,
  lastCommitTs: 0,
  leaderlessUntilTs: 0,
});

function parse(data: Uint8Array): unknown {
  return data.byteLength === 0 ? {} : (JSON.parse(Buffer.from(data).toString()) as unknown);
}

function directHeaders({ subject, seq, storedTs }: StreamMessage): MsgHdrs {
  const values = headers();
  values.append('Nats-Subject', subject);
  values.append('Nats-Sequence', `${seq}`);
  values.append('Nats-Time-Stamp', new Date(storedTs).toISOString());
  return values;
}
