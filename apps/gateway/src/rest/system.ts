// REST: tokens for trying things out, and what supervisors ask.
import type { Readiness } from '@parley/protocol';
import { jsonAnswer } from './answer.ts';
import { refused, type Call, type Result } from './call.ts';

export async function createDevToken({ context, input }: Call<'createDevToken'>): Promise<Result> {
  const { devTokens } = context.config;
  if (!devTokens) return refused({ type: 'Forbidden', reason: 'this deployment issues no tokens' });
  return jsonAnswer(200, { token: await devTokens.issueToken(input.body.user_id) });
}

export const health = (): Result => jsonAnswer(200, { status: 'ok' });

export function readiness({ context }: Call<'readiness'>): Result {
  const reasons = context.notReady();
  const answer: Readiness = reasons.length === 0 ? { status: 'ready' } : { status: 'not_ready', reasons };
  return jsonAnswer(reasons.length === 0 ? 200 : 503, answer);
}
