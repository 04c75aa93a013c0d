// `parley verify` and `parley hash`: a read model compared with the log, row by row, and repaired in place; nothing is changed
// without `--repair`.
import { digest } from '@parley/infra/runtime';
import {
  compareConversation,
  loggedHash,
  storedHash,
  verify as verifyAll,
  type Difference,
  type FullStore,
  type Head,
  type Verified,
} from '@parley/projections';
import { shardOf, type ConversationId, type Shard } from '@parley/domain';
import { WrongUsage, type Call, type OperatorCommand } from './operate.ts';
import { EXIT } from './exit.ts';
import { registeredReadModels, withReadModel, type ReadModel } from './read-models.ts';
import type { Besides } from './recent-heads.ts';
import { assertSaid, conversationIdOf, refold, servingGeneration, servingStore } from './refold.ts';

interface VerifyFlags {
  readonly conversation?: string;
  readonly sample?: string;
  readonly repair?: boolean;
}

interface Verifying<H extends Head, Row> extends Call<VerifyFlags> {
  readonly model: ReadModel<H, Row>;
  readonly store: FullStore<H, Row>;
  readonly besides: Besides | undefined;
}

interface Findings extends Verified {
  readonly differences: readonly Difference[];
  /** What is kept of these besides the store differs. */
  readonly differingBesides: ReadonlySet<ConversationId>;
  readonly seconds: number;
  /** Of the one conversation that was looked at. */
  readonly foldHash?: string;
}

export const verify: OperatorCommand<VerifyFlags> = (call, projection = '') =>
  withReadModel(projection, async (model) => {
    const generation = await servingGeneration(call.system, model);
    const besides = await model.besides?.(call.system, generation).catch((error: unknown) => {
      call.output.note(`what Redis holds is not compared: ${String(error)}`);
      return undefined;
    });
    const work = { ...call, model, store: generation.store, besides };
    const found = await look(work);
    report(work, found);
    const affected = [...new Set([...found.differing, ...found.parked.map(({ conversationId }) => conversationId)])];
    const isAffected = affected.length + found.differingBesides.size > 0;
    const again = call.flags.repair && isAffected ? await repaired(work, affected, found.differingBesides) : found;
    call.output.json(documentOf(projection, found, again));
    return again.differences.length + again.parked.length > 0 ? EXIT.found : EXIT.done;
  });

async function repaired<H extends Head, Row>(
  work: Verifying<H, Row>,
  affected: readonly ConversationId[],
  besides: ReadonlySet<ConversationId>,
): Promise<Findings> {
  if (affected.length > 0) {
    work.output.note(`${affected.length} conversations are refolded…`);
    await refold(work, work.store, affected);
  }
  await work.besides?.mend([...affected, ...besides]);
  const again = await look(work);
  work.output.line('after the repair:');
  report(work, again);
  return again;
}

/** Differences are kept to be told as one document; people read each as it is found. */
async function look<H extends Head, Row>(work: Verifying<H, Row>): Promise<Findings> {
  const beganMs = performance.now();
  const { conversation } = work.flags;
  const differences: Difference[] = [];
  const found = (difference: Difference): void => {
    differences.push(difference);
    for (const line of linesOf(difference)) work.output.line(line);
  };
  const differingBesides = new Set<ConversationId>();
  const compared = async (shard: Shard, ids: readonly ConversationId[]): Promise<void> => {
    for await (const difference of work.besides?.compare(shard, ids, work.signal) ?? []) {
      found(difference);
      if ('conversationId' in difference) differingBesides.add(difference.conversationId);
    }
  };
  const looking = { found, compared };
  const verified =
    conversation === undefined ? await lookAtAll(work, looking) : await lookAtOne(work, conversation, looking);
  // Rows of what the log does not know are damage; nothing at all is a slip of the pen.
  if (conversation !== undefined && differences.length + verified.parked.length === 0)
    await assertSaid(work.system, conversationIdOf(conversation));
  return { ...verified, differences, differingBesides, seconds: (performance.now() - beganMs) / 1_000 };
}

interface Looking {
  readonly found: (difference: Difference) => void;
  readonly compared: (shard: Shard, ids: readonly ConversationId[]) => Promise<void>;
}

async function lookAtAll<H extends Head, Row>(
  { system, model, store, flags, signal, output }: Verifying<H, Row>,
  looking: Looking,
): Promise<Verified> {
  const { log, world } = system;
  using progress = output.progress('events', 0);
  const sample = sampleOf(flags.sample ?? '1');
  return await verifyAll({
    projection: model.projection,
    store,
    log,
    world,
    digest,
    signal,
    sample,
    ...looking,
    progress: (events, total) => progress.set(events, total),
  });
}

function sampleOf(text: string): number {
  const sample = Number(text);
  if (sample > 0 && sample <= 1) return sample;
  throw new WrongUsage(`--sample is a share above 0 and up to 1, not "${text}"`);
}

async function lookAtOne<H extends Head, Row>(
  { system, model, store, signal }: Verifying<H, Row>,
  conversation: string,
  { found, compared }: Looking,
): Promise<Verified & Pick<Findings, 'foldHash'>> {
  const { log, world } = system;
  const id = conversationIdOf(conversation);
  const shard = shardOf(id, log.shards);
  const parked = (await store.parked(shard)).filter(({ conversationId }) => conversationId === id);
  const differing = new Set<ConversationId>();
  const comparison = { projection: model.projection, store, log, world, signal };
  if (parked.length === 0) {
    for await (const difference of compareConversation(comparison, shard, id)) {
      found(difference);
      differing.add(id);
    }
    await compared(shard, [id]);
  }
  const foldHash = await storedHash({ projection: model.projection, digest, store }, shard, id);
  return { conversations: 1, events: 0, parked, differing, foldHash };
}

function report<H extends Head, Row>({ output, model }: Verifying<H, Row>, found: Findings): void {
  for (const { conversationId, position, reason } of found.parked) {
    output.line(`parked     ${conversationId} at ${position}: ${reason}`);
  }
  if (found.foldHash !== undefined) output.line(`fold hash ${found.foldHash}`);
  const rate = Math.round(found.events / Math.max(found.seconds, 0.001));
  const looked =
    found.foldHash === undefined
      ? `${found.conversations} conversations, ${found.events} events (${rate}/s)`
      : 'one conversation';
  output.line(
    `${model.projection.name}: ${looked}, ${found.differences.length} differences, ${found.parked.length} parked`,
  );
  if (found.differences.some(isLasting))
    output.line(`what no refold mends needs a new generation: \`parley rebuild ${model.projection.name}\``);
}

const isLasting = (one: Difference): boolean => one.type === 'ahead' || (one.type === 'flaw' && one.isLasting === true);

function linesOf(difference: Difference): readonly string[] {
  switch (difference.type) {
    case 'missing':
      return [`missing    ${difference.conversationId} ${difference.what}`, `  expected ${text(difference.expected)}`];
    case 'extra':
      return [`extra      ${difference.conversationId} ${difference.what}`, `  stored   ${text(difference.stored)}`];
    case 'different':
      return [
        `different  ${difference.conversationId} ${difference.what}`,
        `  expected ${text(difference.expected)}`,
        `  stored   ${text(difference.stored)}`,
      ];
    case 'flaw':
      return [`flaw       ${difference.conversationId} ${difference.problem}`];
    case 'unfoldable':
      return [`unfoldable ${difference.conversationId} at ${difference.position}: ${difference.reason}`];
    case 'ahead':
      return [
        `ahead      shard ${difference.shard}: checkpoint ${difference.checkpoint}, the log ends at ${difference.head}`,
      ];
  }
}

const text = (value: unknown): string => JSON.stringify(value, (_, member: unknown) => plain(member));

const plain = (value: unknown): unknown => (value instanceof Map ? [...value] : value);

function documentOf(projection: string, first: Findings, last: Findings) {
  const document = ({ conversations, events, seconds, differences, parked, foldHash }: Findings) => ({
    conversations,
    ...(foldHash === undefined ? { events } : { foldHash }),
    seconds,
    differences: differences.map((one) => JSON.parse(text(one)) as unknown),
    parked,
  });
  return { projection, ...document(first), ...(first === last ? {} : { afterRepair: document(last) }) };
}

/** Of each read model what is stored and what the log says: the same wherever the same log is folded. */
export const hash: OperatorCommand<object> = async ({ system, output, signal }, conversation = '') => {
  const id = conversationIdOf(conversation);
  await assertSaid(system, id);
  const { log } = system;
  const shard = shardOf(id, log.shards);
  const upTo = await log.head(shard);
  const hashes = await Promise.all(
    (await registeredReadModels(system)).map((name) =>
      withReadModel(name, async (model) => {
        const { projection } = model;
        const stored = await storedHash({ projection, digest, store: await servingStore(system, model) }, shard, id);
        const logged = await loggedHash({ projection, digest, log }, id, { upTo, signal });
        return { projection: name, stored, logged };
      }),
    ),
  );
  output.table(
    ['projection', 'stored', 'of the log'],
    hashes.map(({ projection, stored, logged }) => [projection, stored, logged]),
  );
  output.json(hashes);
  return hashes.every(({ stored, logged }) => stored === logged) ? EXIT.done : EXIT.found;
};
