// Who may do what on NATS: the one table, from which servers are configured (`server-config.ts`) and the page for operators is
// written (docs/reference/permissions.md, which also says what subjects cannot express). A role has what its code does.
import { allShards } from '@parley/domain';
import { chatStream, gatewaySubject, invalidateSubject, parkedSubject } from './subjects.ts';
import { CONFIG_BUCKET, keyValueStream, PARKED_STREAM, PROJECTIONS_BUCKET } from './streams.ts';

/** `setup` creates a deployment once; `operator` is a person with the `nats` CLI; the others are the processes of a fleet. */
export const ROLES = ['gateway', 'delivery', 'projector', 'push', 'setup', 'operator'] as const;

export type Role = (typeof ROLES)[number];

/** Subjects, with NATS's wildcards: they stand for whole tokens. What is denied is taken from what is allowed. */
export interface Grant {
  readonly why: string;
  readonly publish?: readonly string[];
  readonly publishDenied?: readonly string[];
  readonly subscribe?: readonly string[];
}

/** Each role has its own, so that none can read what another was answered. */
export const inboxPrefix = (role: Role): string => `_INBOX.${role}`;

/** `CHAT_*` is not a pattern NATS knows, so a deployment's streams are named one by one. */
export function grants(role: Role, shards: number): readonly Grant[] {
  return role === 'operator' ? [everything] : [...tasks(role, shards), replies(role)];
}

function tasks(role: Exclude<Role, 'operator'>, shards: number): readonly Grant[] {
  const chats = allShards(shards).map(chatStream);
  switch (role) {
    case 'gateway':
      return [
        openDeployment(chats),
        readLog(chats),
        appendToLog,
        tellGateways,
        listenAsGateway,
        hint,
        hear,
        readProjections,
      ];
    case 'delivery':
      return [openDeployment(chats), readLog(chats), tellGateways, hear, readProjections, keepCheckpoints];
    case 'projector':
      return [openDeployment(chats), readLog(chats), readProjections, keepProjections, keepParked];
    case 'push':
      return [workOffPushJobs];
    case 'setup':
      return [openDeployment(chats), createStreams(chats), storeDeployment];
  }
}

const everything: Grant = {
  why: 'whatever the `nats` CLI can: look at streams, change, purge and delete them',
  publish: ['>'],
  subscribe: ['>'],
};

const replies = (role: Role): Grant => ({
  why: "takes what it is answered, under this role's own prefix",
  subscribe: [`${inboxPrefix(role)}.>`],
});

const api = (calls: readonly string[], streams: readonly string[], rest = ''): readonly string[] =>
  calls.flatMap((call) => streams.map((stream) => `$JS.API.${call}.${stream}${rest}`));

const configStream = keyValueStream(CONFIG_BUCKET);
const projectionsStream = keyValueStream(PROJECTIONS_BUCKET);

const openDeployment = (chats: readonly string[]): Grant => ({
  why: 'compares the streams with their declaration, and reads what the deployment is',
  publish: [
    ...api(['STREAM.INFO'], [...chats, configStream, projectionsStream, PARKED_STREAM]),
    ...api(['STREAM.MSG.GET'], [configStream]),
  ],
});

const readLog = (chats: readonly string[]): Grant => ({
  why: 'reads the log: its head, single events, and in order through consumers of its own',
  publish: [
    ...api(['STREAM.INFO', 'STREAM.MSG.GET', 'DIRECT.GET'], chats),
    ...api(['CONSUMER.CREATE', 'CONSUMER.MSG.NEXT', 'CONSUMER.DELETE'], chats, '.*'),
  ],
});

const appendToLog: Grant = { why: 'appends what was said and decided', publish: ['chat.*.*.msg', 'chat.*.*.meta'] };

const tellGateways: Grant = {
  why: 'sends frames to gateways, or tells one that a session went on elsewhere',
  publish: [gatewaySubject('*')],
};

const listenAsGateway: Grant = { why: 'hears what is for this gateway', subscribe: [gatewaySubject('*')] };

const hint: Grant = { why: 'says that a conversation changed', publish: [invalidateSubject('*')] };

const hear: Grant = { why: 'hears that a conversation changed', subscribe: [invalidateSubject('*')] };

const readProjections: Grant = {
  why: 'reads checkpoints, and which generation serves',
  publish: api(['STREAM.MSG.GET'], [projectionsStream]),
};

const deliveryCheckpoints = `$KV.${PROJECTIONS_BUCKET}.checkpoint.*.delivery.*`;

const keepCheckpoints: Grant = { why: 'keeps its own checkpoints', publish: [deliveryCheckpoints] };

const keepProjections: Grant = {
  why: "keeps what is known of projections, but not delivery's checkpoints",
  publish: [`$KV.${PROJECTIONS_BUCKET}.>`],
  publishDenied: [deliveryCheckpoints],
};

const keepParked: Grant = {
  why: 'records the conversations that a projection could not go on with',
  publish: [parkedSubject('*', '*')],
};

/** The durable consumer is declared with its stream, so that this role can create none: it sees no stream but its own. */
const workOffPushJobs: Grant = {
  why: 'works off push jobs through the one durable consumer there is for them',
  publish: ['$JS.API.STREAM.INFO.PUSH', '$JS.API.CONSUMER.MSG.NEXT.PUSH.push', '$JS.ACK.PUSH.push.>'],
};

const createStreams = (chats: readonly string[]): Grant => ({
  why: 'creates the streams that are missing; what exists it can neither change nor delete',
  publish: api(['STREAM.CREATE'], [...chats, configStream, projectionsStream, PARKED_STREAM]),
});

const storeDeployment: Grant = { why: 'stores what the deployment is', publish: [`$KV.${CONFIG_BUCKET}.*`] };
