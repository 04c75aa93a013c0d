// Loaded before a process's own modules (`--import`), makes its timeline one with a bug: it cannot be folded over what says "boom".
import { timeline } from '@parley/projections';

const fold: (typeof timeline)['fold'] = timeline.fold.bind(timeline);

Object.assign(timeline, {
  fold(...[head, stored]: Parameters<typeof fold>) {
    if (stored.event.type === 'message.sent' && stored.event.body === 'boom') throw new Error('a planted bug');
    return fold(head, stored);
  },
});
