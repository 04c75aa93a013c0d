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
import { parseTime, positionBefore } from './moment.ts';
import { WrongUsage, type Call, type OperatorCommand } from './operate.ts';
import { EXIT } from './exit.ts';
import { generationsOf, withReadModel, type ReadModel } from './read-models.ts';
import { noSuchConversation } from './story/conversation-events.ts';
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

/** Throws WrongUsage when the log knows nothing of it. */
export async function assertSaid({ log }: Pick<System, 'log'>, id: ConversationId): Promise<void> {
  if ((await log.conversationEvents(id, NO_POSITION)).length === 0) noSuchConversation(id);
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
    const { conversation } = call.flags;
    const chosen = await chosenBy(call);
    if (conversation !== undefined && !(await isStored(call.system, store, conversationIdOf(conversation))))
      await assertSaid(call.system, conversationIdOf(conversation));
    call.output.note(`${chosen.length} conversations are refolded, each from its first event`);
    const parked = await refold(call, store, chosen);
    call.output.json({ projection, refolded: chosen.length - parked.length, parked });
    call.output.line(`${projection}: ${chosen.length - parked.length} conversations refolded`);
    for (const one of parked) call.output.line(`${one.conversationId} is parked at ${one.position}: ${one.reason}`);
    return parked.length > 0 ? EXIT.found : EXIT.done;
  });

/** Rows of what the log does not know are damage, and cleared away like any other. */
async function isStored<H extends Head, Row>(
  system: System,
  store: Pick<FullStore<H, Row>, 'heads' | 'rows'>,
  id: ConversationId,
): Promise<boolean> {
  if ((await store.heads([id])).size > 0) return true;
  for await (const { rows, flaws } of store.rows(shardIn(system, id), [id]))
    if (rows.length + flaws.length > 0) return true;
  return false;
}

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
  return since === undefined ? [] : withEventsSince(system, parseTime(since, system.world.now()), signal);
}

function placeOf({ log }: System, text: string): { readonly shard: Shard; readonly position: Position } {
  const [, shard = '', position = ''] = /^(\d{1,5}):(\d{1,15})$/.exec(text) ?? [];
  if (shard === '' || Number(shard) >= log.shards) throw new WrongUsage(`"${text}" is not <shard>:<sequence>`);
  return { shard: Number(shard) as Shard, position: Number(position) as Position };
}

async function withEventsSince(
  { log }: System,
  since: number,
  signal: AbortSignal,
): Promise<readonly ConversationId[]> {
  const chosen: ConversationId[] = [];
  for (let shard = 0 as Shard; shard < log.shards && !signal.aborted; shard = (shard + 1) as Shard) {
    const position = ((await positionBefore(log, shard, since)) + 1) as Position;
    chosen.push(...(await withEventsFrom({ log }, { shard, position, signal })));
  }
  return chosen;
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
