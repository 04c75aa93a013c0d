// Judges a history: which promises were broken, and by which entries it is proved. Pure: the same history, the same offences.
// Each promise is a module in `checks/`. What was never recorded cannot be judged: a history needs every client of the system.
import { checkAckedLoss } from './checks/acked-loss.ts';
import { checkChanges } from './checks/changes.ts';
import { checkGaps } from './checks/gap.ts';
import { checkIdempotency } from './checks/idempotency.ts';
import { checkInvented } from './checks/invented-or-altered.ts';
import { checkLate } from './checks/late.ts';
import { checkOrder } from './checks/order.ts';
import { checkPrivacy } from './checks/privacy.ts';
import { checkReadYourWrites } from './checks/read-your-writes.ts';
import { checkRealTimeOrder } from './checks/real-time-order.ts';
import { checkResumes } from './checks/resume.ts';
import { checkRows } from './checks/rows.ts';
import { checkSessionOrder } from './checks/session-order.ts';
import { checkUnanswered } from './checks/unanswered.ts';
import { factsOf, type CheckOptions, type Facts, type Offence } from './facts.ts';
import type { History } from './history.ts';

const checks: readonly ((facts: Facts) => readonly Offence[])[] = [
  checkAckedLoss,
  checkInvented,
  checkIdempotency,
  checkOrder,
  checkGaps,
  checkResumes,
  checkSessionOrder,
  checkRealTimeOrder,
  checkReadYourWrites,
  checkPrivacy,
  checkChanges,
  checkRows,
  checkUnanswered,
  checkLate,
];

/** Empty when every promise was kept. */
export function checkHistory(history: History, options: CheckOptions): readonly Offence[] {
  const facts = factsOf(history, options);
  return checks.flatMap((check) => check(facts));
}
