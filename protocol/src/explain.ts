// Says in words which field of a value is wrong. Only for values that failed: it is slow, and may be.
import type { TLocalizedValidationError } from 'typebox/error';
import { PATTERN_WORDS } from './ids.ts';

/**
 * One sentence for the first error, like `mentions[0].user_id: must be …`; never repeats more than names of fields. `whole`
 * is what to call the value itself.
 */
export function explain(errors: readonly TLocalizedValidationError[], whole: string): string {
  const [error] = errors;
  if (error === undefined) return `${whole}: must be valid`;
  const field = fieldName(error.instancePath);
  if (error.keyword === 'required') return `${join(field, error.params.requiredProperties[0])}: is required`;
  return `${field === '' ? whole : field}: ${words(error)}`;
}

function words(error: TLocalizedValidationError): string {
  switch (error.keyword) {
    case 'pattern':
      return PATTERN_WORDS.get(String(error.params.pattern)) ?? error.message;
    case 'boolean':
      // `additionalProperties: false` is only said of maps, whose keys are conversations.
      return 'its key must be a conversation id';
    case 'const':
      return `must be ${JSON.stringify(error.params.allowedValue)}`;
    case 'enum':
      return `must be one of ${error.params.allowedValues.map((value) => JSON.stringify(value)).join(', ')}`;
    default:
      return error.message;
  }
}

/** `/mentions/0/user_id` as `mentions[0].user_id`. */
function fieldName(instancePath: string): string {
  const segments = instancePath.split('/').slice(1);
  return segments.map(unescapeSegment).reduce(join, '');
}

function join(field: string, segment = ''): string {
  if (/^[0-9]+$/.test(segment) && field !== '') return `${field}[${segment}]`;
  return field === '' ? segment : `${field}.${segment}`;
}

/** RFC 6901 §4; cut, because keys of a map are the client's and may be as long as the frame. */
const unescapeSegment = (segment: string): string =>
  segment.replaceAll('~1', '/').replaceAll('~0', '~').slice(0, segmentCharsMax);

const segmentCharsMax = 64;
