// `parley parked list|show|retry`: conversations that a projection could not go on with, and another try, from their first event.
import { allShards, isMessageEvent, shardOf } from '@parley/domain';
import type { ParkedConversation } from '@parley/projections';
import { WrongUsage, type Call, type OperatorCommand } from './operate.ts';
import { EXIT } from './exit.ts';
import { registeredReadModels, withReadModel } from './read-models.ts';
import { assertSaid, conversationIdOf, refold, servingStore } from './refold.ts';
import type { System } from './system.ts';

interface Parked extends ParkedConversation {
  readonly projection: string;
}

export const listParked: OperatorCommand<object> = async ({ system, output }) => {
  const all = await allParked(system);
  output.table(
    ['projection', 'conversation', 'position', 'reason'],
    all.map((one) => [one.projection, one.conversationId, one.position, one.reason]),
  );
  output.json(all);
  return all.length > 0 ? EXIT.found : EXIT.done;
};

async function allParked(system: System): Promise<readonly Parked[]> {
  const lists = (await registeredReadModels(system)).map((projection) =>
    withReadModel(projection, async (model): Promise<readonly Parked[]> => {
      const store = await servingStore(system, model);
      const parked = await Promise.all(allShards(system.log.shards).map((shard) => store.parked(shard)));
      return parked.flat().map((one) => ({ projection, ...one }));
    }),
  );
  return (await Promise.all(lists)).flat();
}

/** With the event at which its fold threw. */
export const showParked: OperatorCommand<object> = async ({ system, output }, conversation = '') => {
  const id = conversationIdOf(conversation);
  const own = (await allParked(system)).filter(({ conversationId }) => conversationId === id);
  const shard = shardOf(id, system.log.shards);
  for (const one of own) {
    const event = one.position > 0 ? await system.log.readOne(shard, one.position) : undefined;
    output.line(`${one.projection}: ${id} is parked at ${one.position} of shard ${shard}: ${one.reason}`);
    if (event) {
      const { type } = event.event;
      const sent = isMessageEvent(event) ? `, ${event.event.body.length} characters` : '';
      output.line(`  ${type} by ${event.actorId} at ${new Date(event.storedTs).toISOString()}${sent}`);
    }
    output.json({ ...one, shard, event });
  }
  if (own.length === 0) {
    await assertSaid(system, id);
    output.line(`${id} is not parked`);
  }
  return own.length > 0 ? EXIT.found : EXIT.done;
};

interface RetryFlags {
  readonly all?: boolean;
}

export const retryParked: OperatorCommand<RetryFlags> = async (call, projection = '', conversation) =>
  withReadModel(projection, async (model) => {
    const parked = (await allParked(call.system)).filter((one) => one.projection === projection);
    const asked = wanted(call, parked, conversation);
    const still = await refold(
      call,
      await servingStore(call.system, model),
      asked.map((one) => one.conversationId),
    );
    call.output.line(`${projection}: ${asked.length - still.length} of ${asked.length} go on`);
    for (const one of still) call.output.line(`${one.conversationId} is parked at ${one.position}: ${one.reason}`);
    call.output.json({ projection, retried: asked.length, parked: still });
    return still.length > 0 ? EXIT.found : EXIT.done;
  });

function wanted({ flags }: Call<RetryFlags>, parked: readonly Parked[], conversation?: string): readonly Parked[] {
  if (flags.all === true) return parked;
  if (conversation === undefined) throw new WrongUsage('name a conversation, or say --all');
  const id = conversationIdOf(conversation);
  const own = parked.filter(({ conversationId }) => conversationId === id);
  if (own.length > 0) return own;
  throw new WrongUsage(`${id} is not parked; \`parley parked list\` tells who is`);
}
