// How recent heads and marks are written: `<era> <position>` of a shard, `<era> <position> <text>` of a conversation; and the two
// scripts that write them. Positions are safe integers, which Lua's numbers hold exactly.
import { parsePosition, type ConversationId } from '@parley/domain';
import type { FoundHeads, HeadsMark, RecentHead } from '@parley/projections';

/** KEYS: the mark, then heads. ARGV: time to live in ms …; the last ones are position and text of each head. */
const keepHigher = `
  local function keep(era, first)
    for i = 2, #KEYS do
      local position, text = ARGV[first + 2 * i - 4], ARGV[first + 2 * i - 3]
      local kept = redis.pcall('GET', KEYS[i])
      local keptEra, keptPosition
      if type(kept) == 'string' then keptEra, keptPosition = string.match(kept, '^(%S+) (%d+) ') end
      if keptEra ~= era or tonumber(keptPosition) < tonumber(position) then
        if text == '' then redis.call('DEL', KEYS[i])
        else redis.call('SET', KEYS[i], era .. ' ' .. position .. ' ' .. text, 'PX', ARGV[1]) end
      end
    end
  end`;

/** ARGV: …, the mark before or '', an era should a new one begin, the position up to which. Gives the era. */
export const followHeads = `${keepHigher}
  local mark, era = redis.pcall('GET', KEYS[1]), ARGV[3]
  if ARGV[2] ~= '' and mark == ARGV[2] then era = string.match(mark, '^%S+') end
  keep(era, 5)
  redis.call('SET', KEYS[1], era .. ' ' .. ARGV[4], 'PX', ARGV[1])
  return era`;

/** ARGV: …, the era, the position up to which. */
export const offerHeads = `${keepHigher}
  local mark = redis.pcall('GET', KEYS[1])
  if type(mark) ~= 'string' then return end
  local era, position = string.match(mark, '^(%S+) (%d+)$')
  if era == ARGV[2] and tonumber(position) <= tonumber(ARGV[3]) then keep(era, 4) end`;

export function parseMark(value: string | null | undefined): HeadsMark | undefined {
  const [era = '', at = '', ...rest] = value?.split(' ') ?? [];
  const position = parsePosition(at);
  return era === '' || position === undefined || rest.length > 0 ? undefined : { era, position };
}

export function parseHead(
  conversationId: ConversationId,
  value: string,
): { readonly era: string; readonly head: RecentHead } | undefined {
  const [, era, at = '', text = ''] = /^(\S+) (\d+) (.*)$/s.exec(value) ?? [];
  const position = parsePosition(at);
  return era === undefined || position === undefined ? undefined : { era, head: { conversationId, position, text } };
}

/** Undefined without a mark; heads of another era are not there. */
export function parseFound(
  ids: readonly ConversationId[],
  [markText, ...values]: readonly (string | null)[],
): FoundHeads | undefined {
  const mark = parseMark(markText);
  if (mark === undefined) return undefined;
  const found = ids.flatMap((id, index) => parseHead(id, values[index] ?? '') ?? []);
  const current = found.filter(({ era }) => era === mark.era);
  return { mark, heads: new Map(current.map(({ head }) => [head.conversationId, head])) };
}
