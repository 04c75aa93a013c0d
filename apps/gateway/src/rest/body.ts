// Bodies of requests: how large one may be, and its bytes as JSON.
import { routes, type Refusal, type Route, type WireLimits } from '@parley/protocol';
import { refused, type Refused } from './call.ts';
import type { Match } from './router.ts';

/** The longest id, its quotes and comma, and some white space. */
const bytesPerMember = 72;

/** As large as a frame, and larger only where as many members may be named as a group has. */
export function bodyBytesMax(match: Match, limits: Pick<WireLimits, 'frameBytesMax' | 'groupMembersMax'>): number {
  if (match.type !== 'route') return 0;
  const { body }: Route = routes[match.name];
  if (body === undefined) return 0;
  const namesMembers = 'members' in body.properties || 'user_ids' in body.properties;
  return limits.frameBytesMax + (namesMembers ? limits.groupMembersMax * bytesPerMember : 0);
}

/** Nothing for no body: the route's schema says whether that is right. */
export async function readJson(
  body: Promise<Uint8Array | undefined>,
  bytesMax: number,
): Promise<{ readonly body?: unknown } | Refused> {
  const bytes = await body;
  if (!bytes) return refused({ type: 'FrameTooLarge', bytesMax });
  if (bytes.byteLength === 0) return {};
  try {
    return { body: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) };
  } catch {
    return refused(notJson);
  }
}

const notJson: Refusal = { type: 'BadFrame', reason: 'body: must be JSON in UTF-8' };
