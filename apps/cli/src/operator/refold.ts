// Refolds in place: asked for in the store of the generation that serves, carried out by the worker that folds the shard, waited for
// here. `parley rebuild` with a choice of conversations, `parked retry` and `verify --repair` all come down to this.
import {
  NO_POSITION,
  parseConversationId,
  shardOf,
  type ConversationId,
  type Position,
  type Shard,
} from '@parley/domain';
import {
  refoldsAskedMax,
  servingNumber,
  type FullStore,
  type Head,
  type OpenGeneration,
  type ParkedConversation,
} from '@parley/projections';
import { WrongUsage, type Call, type OperatorCommand } from './operate.ts';
import { EXIT } from './output.ts';
import { generationsOf, withReadModel, type ReadModel } from './read-models.ts';
import type { System } from './system.ts';

/** Asked for at one time: other operators may ask as well. */
const askedAtOnce = 500;
const lookEveryMs = 250;
/** Workers look once a second. */
const patienceMs = 15_000;

/** The store of the generation that serves. */
export const servingStore = async <H extends Head, Row>(
  system: System,
  model: ReadModel<H, Row>,
): Promise<FullStore<H, Row>> => (await servingGeneration(system, model)).store;

export async function servingGeneration<H extends Head, Row>(
  system: System,
  model: ReadModel<H, Row>,
): Promise<OpenGeneration<FullStore<H, Row>>> {
  const record = await generationsOf(system, model.projection.name);
  const number = servingNumber(record, model.projection.version);
  return { number, store: await model.open(await system.stores(), number) };
}

export function conversationIdOf(text: string): ConversationId {
  const id = parseConversationId(text);
  if (id === undefined) throw new WrongUsage(`"${text}" is no id of a conversation`);
  return id;
}

/** Resolves when each is refolded; gives those whose fold threw. Ends early when it is interrupted: workers go on all the same. */
export async function refold<H extends Head, Row>(
  { system, output, signal }: Pick<Call<object>, 'system' | 'output' | 'signal'>,
  store: FullStore<H, Row>,
  conversationIds: readonly ConversationId[],
): Promise<readonly ParkedConversation[]> {
  using progress = output.progress('conversations', conversationIds.length);
  for (let from = 0; from < conversationIds.length && !signal.aborted; from += askedAtOnce) {
    const portion = conversationIds.slice(from, from + askedAtOnce);
    await store.askRefolds(
      portion.map((conversationId) => ({ conversationId, shard: shardIn(system, conversationId) })),
    );
    await untilRefolded({ system, output, signal, store, portion, done: (count) => progress.set(from + count) });
  }
  return await parkedAmong(system, store, conversationIds);
}

interface Waiting<H extends Head, Row> extends Pick<Call<object>, 'system' | 'output' | 'signal'> {
  readonly store: FullStore<H, Row>;
  readonly portion: readonly ConversationId[];
  readonly done: (count: number) => void;
}

async function untilRefolded<H extends Head, Row>({ system, output, signal, store, portion, done }: Waiting<H, Row>) {
  const { world } = system;
  let left = portion.length;
  let changedTs = world.now();
  while (!signal.aborted) {
    const asked = await store.refoldsAsked();
    const waiting = new Set(asked.map(({ conversationId }) => conversationId));
    const open = asked.length === refoldsAskedMax ? left : portion.filter((id) => waiting.has(id)).length;
    done(portion.length - open);
    if (open === 0) return;
    if (open !== left) changedTs = world.now();
    if (world.now() - changedTs > patienceMs) {
      output.note(`${open} conversations wait to be refolded: does a worker run?`);
      changedTs = world.now();
    }
    left = open;
    await world.sleep(lookEveryMs, signal);
  }
}

async function parkedAmong(
  system: System,
  store: Pick<FullStore<Head, unknown>, 'parked'>,
  conversationIds: readonly ConversationId[],
): Promise<readonly ParkedConversation[]> {
  const wanted = new Set(conversationIds);
  const shards = [...new Set(conversationIds.map((id) => shardIn(system, id)))];
  const parked = await Promise.all(shards.map((shard) => store.parked(shard)));
  return parked.flat().filter(({ conversationId }) => wanted.has(conversationId));
}

const shardIn = ({ log }: System, conversationId: ConversationId): Shard => shardOf(conversationId, log.shards);

export interface RefoldFlags {
  readonly conversation?: string;
  readonly from?: string;
  readonly since?: string;
}

/** `parley rebuild` in place. */
export const refoldInPlace: OperatorCommand<RefoldFlags> = (call, projection = '') =>
  withReadModel(projection, async (model) => {
    const store = await servingStore(call.system, model);
    const chosen = await chosenBy(call);
    call.output.note(`${chosen.length} conversations are refolded, each from its first event`);
    const parked = await refold(call, store, chosen);
    call.output.json({ projection, refolded: chosen.length - parked.length, parked });
    call.output.line(`${projection}: ${chosen.length - parked.length} conversations refolded`);
    for (const one of parked) call.output.line(`${one.conversationId} is parked at ${one.position}: ${one.reason}`);
    return parked.length > 0 ? EXIT.found : EXIT.done;
  });

async function chosenBy({ system, flags, signal }: Call<RefoldFlags>): Promise<readonly ConversationId[]> {
  const { conversation, from, since } = flags;
  if ([conversation, from, since].filter((flag) => flag !== undefined).length > 1) {
    throw new WrongUsage('one of --conversation, --from and --since at a time');
  }
  if (conversation !== undefined) return [conversationIdOf(conversation)];
  if (from !== undefined) {
    const { shard, position } = placeOf(system, from);
    return [...(await withEventsFrom(system, { shard, position, signal }))];
  }
  return since === undefined ? [] : withEventsSince(system, timeOf(since), signal);
}

function placeOf({ log }: System, text: string): { readonly shard: Shard; readonly position: Position } {
  const [, shard = '', position = ''] = /^(\d{1,5}):(\d{1,15})$/.exec(text) ?? [];
  if (shard === '' || Number(shard) >= log.shards) throw new WrongUsage(`"${text}" is not <shard>:<sequence>`);
  return { shard: Number(shard) as Shard, position: Number(position) as Position };
}

function timeOf(text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new WrongUsage(`"${text}" is no time, as 2026-01-31T12:00:00Z is one`);
  return time;
}

async function withEventsSince(
  { log }: System,
  since: number,
  signal: AbortSignal,
): Promise<readonly ConversationId[]> {
  const chosen: ConversationId[] = [];
  for (let shard = 0 as Shard; shard < log.shards && !signal.aborted; shard = (shard + 1) as Shard) {
    const position = await firstSince(log, shard, since);
    chosen.push(...(await withEventsFrom({ log }, { shard, position, signal })));
  }
  return chosen;
}

/** Where the log's own clock passed a time, by halving: it does not go back. */
async function firstSince(log: System['log'], shard: Shard, since: number): Promise<Position> {
  let [low, high] = [1, (await log.head(shard)) + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const stored = await log.readOne(shard, middle as Position);
    if (stored !== undefined && stored.storedTs >= since) high = middle;
    else low = middle + 1;
  }
  return low as Position;
}

interface FromPlace {
  readonly shard: Shard;
  readonly position: Position;
  readonly signal: AbortSignal;
}

async function withEventsFrom(
  { log }: Pick<System, 'log'>,
  { shard, position, signal }: FromPlace,
): Promise<ReadonlySet<ConversationId>> {
  const found = new Set<ConversationId>();
  const head = await log.head(shard);
  if (position > head) return found;
  const end = new AbortController();
  const after = Math.max(NO_POSITION, position - 1) as Position;
  for await (const events of log.read(shard, after, {
    reader: 'refold',
    signal: AbortSignal.any([signal, end.signal]),
  })) {
    for (const { conversationId } of events) found.add(conversationId);
    if ((events.at(-1)?.position ?? NO_POSITION) >= head) end.abort();
  }
  return found;
}
