// Keeps one link up: opens the next when one ends, after the pause PROTOCOL "Connecting" asks for, or stops for good when
// the server said not to come back.
import { CLOSE, mayComeBack, type ClientFrame, type HelloFrame, type ServerFrame } from '@parley/protocol';
import { reconnectPauseMs } from './back-off.ts';
import { Link, type LinkEnd, type LinkOptions } from './link.ts';

export type ConnectionStatus =
  | { readonly type: 'connecting' }
  | { readonly type: 'online'; readonly hello: HelloFrame }
  | { readonly type: 'waiting'; readonly pauseMs: number; readonly reason: string }
  /** For good: closed by us, or with a code that forbids coming back. */
  | { readonly type: 'stopped'; readonly code: number; readonly reason: string };

export interface ConnectionHandlers {
  readonly status: (status: ConnectionStatus) => void;
  readonly frame: (frame: ServerFrame) => void;
  readonly unreadable: (reason: string) => void;
}

export interface Connection {
  /** False when there is no connection: nothing was sent and nothing will be. */
  send(frame: ClientFrame): boolean;
  /** The machine woke up or its network changed: look whether the link still stands, or come back at once. */
  wake(): void;
  close(): void;
}

export function createConnection(options: LinkOptions, handlers: ConnectionHandlers): Connection {
  let failures = 0;
  let isClosed = false;
  let waiting: Disposable | undefined;
  let link = nextLink();

  function nextLink(): Link {
    handlers.status({ type: 'connecting' });
    const next = new Link(options, {
      hello(hello) {
        failures = 0;
        handlers.status({ type: 'online', hello });
      },
      frame: handlers.frame,
      unreadable: handlers.unreadable,
      ended: goOn,
    });
    next.open();
    return next;
  }

  function goOn(end: LinkEnd): void {
    const pauseMs = isClosed ? undefined : pauseAfter(end);
    if (pauseMs === undefined) return handlers.status({ type: 'stopped', code: end.code, reason: end.reason });
    handlers.status({ type: 'waiting', pauseMs, reason: end.reason });
    waiting = options.world.schedule(pauseMs, comeBack);
  }

  function pauseAfter(end: LinkEnd): number | undefined {
    if (end.returnMs !== undefined) return end.returnMs;
    // A token that ended is not a refusal: the next link brings a new one.
    const hadItsTime = end.code === CLOSE.unauthenticated.code && end.wasOnline;
    if (hadItsTime) return 0;
    return mayComeBack(end.code) ? reconnectPauseMs(failures++, options.world.random()) : undefined;
  }

  function comeBack(): void {
    waiting = undefined;
    link = nextLink();
  }

  return {
    send(frame) {
      if (!link.isOnline) return false;
      link.send(frame);
      return true;
    },
    wake() {
      if (waiting === undefined) return link.probe();
      waiting[Symbol.dispose]();
      comeBack();
    },
    close() {
      isClosed = true;
      if (waiting === undefined) return link.close();
      waiting[Symbol.dispose]();
      waiting = undefined;
      handlers.status({ type: 'stopped', code: 1000, reason: 'closed by this client' });
    },
  };
}
