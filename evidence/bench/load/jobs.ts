// What the load generator can be asked to do, each in a process of its own.
import type { FanOutLoad, FanOutResult } from './fan-out.ts';
import { hearFanOut } from './fan-out.ts';
import { holdConnections, type Hold, type HoldResult } from './hold.ts';
import { readPages, type Pages, type PagesResult } from './pages.ts';
import { comeBack, type Return, type ReturnResult } from './return.ts';
import { rawPublish, type RawPublish, type RawPublishResult } from '../limits/raw-publish.ts';
import { consume, type Consume, type ConsumeResult } from '../limits/consume.ts';
import { compare, type CompareResult } from './compare.ts';
import { fold, type Fold, type FoldResult } from './fold.ts';
import { speak, type Speak } from './speak.ts';
import { talk, type Talk, type TalkResult } from './talk.ts';

interface Work {
  readonly talk: { readonly job: Talk; readonly result: TalkResult };
  readonly hold: { readonly job: Hold; readonly result: HoldResult };
  readonly return: { readonly job: Return; readonly result: ReturnResult };
  readonly pages: { readonly job: Pages; readonly result: PagesResult };
  readonly speak: { readonly job: Speak; readonly result: { readonly accepted: number } };
  readonly fanOut: { readonly job: FanOutLoad; readonly result: FanOutResult };
  readonly consume: { readonly job: Consume; readonly result: ConsumeResult };
  readonly fold: { readonly job: Fold; readonly result: FoldResult };
  readonly compare: { readonly job: Fold; readonly result: CompareResult };
  readonly rawPublish: { readonly job: RawPublish; readonly result: RawPublishResult };
}

export type JobName = keyof Work;
export type JobOf<Name extends JobName> = Work[Name]['job'];
export type ResultOf<Name extends JobName> = Work[Name]['result'];

export const JOBS: { readonly [Name in JobName]: (job: JobOf<Name>) => Promise<ResultOf<Name>> } = {
  talk,
  hold: holdConnections,
  return: comeBack,
  pages: readPages,
  speak,
  fanOut: hearFanOut,
  rawPublish,
  consume,
  fold,
  compare,
};

/** How busy the generator was; near to 1 it measures itself. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  /** Of its event loop, 0 to 1. */
  readonly utilization: number;
}
