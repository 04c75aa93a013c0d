// Keeps recent heads up to date behind whoever folds `conversations`: after each step that is durable, and now and then while nothing
// happens, so that a shard whose heads were lost or not to be reached has a mark again. The fold waits a bounded time, and never fails.
import type { Position, Shard, World } from '@parley/domain';
import type { FoldFollower } from '../projection-reader.ts';
import { headToRecent } from './brief-head.ts';
import type { ConversationHead } from './conversations.ts';
import type { HeadsMark, RecentHead, RecentHeads } from './recent-heads.ts';

export const RECENT_HEADS = {
  /** How long a quiet shard may be without a mark. */
  sayAgainMs: 5_000,
  /** A step that moved more conversations begins a new era without them: lists bring back those that somebody looks at. */
  headsPerStepMax: 1_000,
} as const;

/** One shard's, from its begin to its end. */
interface Stay {
  upTo: Position;
  /** Undefined when it is not known what is there. */
  mark: HeadsMark | undefined;
  /** What is said, one after the other. Never rejects. */
  said: Promise<void>;
  timer: Disposable;
}

export function recentHeadsFollower(
  recent: Pick<RecentHeads, 'follow'>,
  world: Pick<World, 'schedule'>,
): FoldFollower<ConversationHead> {
  const stays = new Map<Shard, Stay>();

  function say(shard: Shard, stay: Stay, heads: readonly RecentHead[]): Promise<void> {
    const { upTo } = stay;
    stay.timer[Symbol.dispose]();
    stay.said = stay.said.then(async () => {
      const { mark: after } = stay;
      stay.mark = undefined;
      try {
        stay.mark = await recent.follow(shard, { after, upTo, heads });
      } catch {
        // The next word begins a new era; until then the rows answer, for the mark stays behind.
      }
      if (stays.get(shard) !== stay) return;
      stay.timer[Symbol.dispose]();
      stay.timer = world.schedule(RECENT_HEADS.sayAgainMs, () => void say(shard, stay, []));
    });
    return stay.said;
  }

  return {
    async begin(shard, checkpoint) {
      const before = stays.get(shard);
      if (before?.upTo === checkpoint) return; // nothing was missed
      before?.timer[Symbol.dispose]();
      const stay: Stay = { upTo: checkpoint, mark: undefined, said: Promise.resolve(), timer: NO_TIMER };
      stays.set(shard, stay);
      await say(shard, stay, []);
    },

    async wrote(shard, { upTo, heads }) {
      const stay = stays.get(shard);
      if (!stay) return;
      stay.upTo = upTo;
      const isLarge = heads.length > RECENT_HEADS.headsPerStepMax;
      if (isLarge) await stay.said.then(() => (stay.mark = undefined));
      await say(shard, stay, isLarge ? [] : heads.map(headToRecent));
    },

    async leave(shard) {
      const stay = stays.get(shard);
      stays.delete(shard);
      stay?.timer[Symbol.dispose]();
      await stay?.said;
    },
  };
}

const NO_TIMER: Disposable = { [Symbol.dispose]: () => undefined };
