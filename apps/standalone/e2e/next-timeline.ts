// Loaded before a process's own modules (`--import`), makes it one of the next build, whose timeline is folded otherwise: what was said
// is stored in capitals, under a version of its own.
import { timeline } from '@parley/projections';
import type { StoredEvent } from '@parley/domain';

const fold: (typeof timeline)['fold'] = timeline.fold.bind(timeline);

const shouted = (stored: StoredEvent): StoredEvent =>
  stored.event.type === 'message.sent'
    ? { ...stored, event: { ...stored.event, body: stored.event.body.toUpperCase() } }
    : stored;

Object.assign(timeline, {
  version: 2,
  fold: (head: Parameters<typeof fold>[0], stored: StoredEvent) => fold(head, shouted(stored)),
});
