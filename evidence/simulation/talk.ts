// What people do in a run, and what goes wrong meanwhile: drawn from its seed.
import type { HistoryRecorder } from '@parley/proof';
import { FAULTS, faultNames, type Fault, type Stage } from './faults.ts';
import { call, type Answer, type Request } from './rest.ts';
import type { Client } from './client.ts';

export interface Play extends Stage {
  readonly recorder: HistoryRecorder;
  readonly users: readonly string[];
  /** Grows as they are created. */
  readonly groups: Group[];
}

interface Group {
  readonly id: string;
  readonly owner: string;
}

const TALK = {
  groups: 2,
  actionsMin: 30,
  actionsMax: 55,
  /** The average is a third of it. */
  pauseMsMax: 350,
  faultsMax: 5,
  faultsFromMs: 100,
  faultsUntilMs: 6_000,
  faultMsMin: 50,
  faultMsMax: 3_000,
} as const;

export async function talk(play: Play): Promise<void> {
  const { chance } = play;
  for (let index = 0; index < TALK.groups; index++) await found(play, index);
  const actions = chance.whole(TALK.actionsMin, TALK.actionsMax);
  const leapAt = chance.happens(0.5) ? chance.whole(actions / 3, actions - 5) : -1;
  for (let index = 0; index < actions; index++) {
    await play.cluster.sleep(chance.number() ** 2 * TALK.pauseMsMax);
    if (index === leapAt) leap(play);
    act(play);
  }
}

/** The whole world sleeps, with everything that was under way. */
function leap({ cluster, chance, recorder }: Play): void {
  const name = 'the world sleeps';
  const durationMs = chance.of([65_000, 130_000, 600_000, 90 * 24 * 3_600_000]);
  cluster.story.tell('the world', `sleeps for ${durationMs / 1_000} s`);
  recorder.record({ kind: 'fault-begun', name });
  cluster.time.leap(durationMs);
  recorder.record({ kind: 'fault-healed', name });
}

/** Until it is there: the same key names the same group. */
async function found(play: Play, index: number): Promise<void> {
  const { recorder, chance, users, groups } = play;
  const owner = chance.of(users);
  const members = users.filter((user) => user !== owner && chance.happens(0.8));
  const history = chance.of(['shared', 'since_join'] as const);
  const request: Request = {
    user: owner,
    method: 'POST',
    path: '/v1/conversations',
    body: { type: 'group', name: `group ${index}`, members, settings: { history } },
    headers: { 'idempotency-key': `group-${index}` },
  };
  const by = { user: owner, device: 'phone', connection: 0 };
  const ref = recorder.newRef();
  recorder.record({ kind: 'members-asked', ...by, ref, command: 'create', users: [owner, ...members] });
  for (;;) {
    const answer = await call(play, request);
    const conversation = String(answer?.body['conversation_id']);
    if (answer && answer.status < 300) {
      recorder.record({ kind: 'members-answered', ...by, ref, ok: true, conversation });
      groups.push({ id: conversation, owner });
      return play.cluster.story.tell(owner, `creates ${conversation} (${history}) with ${members.join(', ')}`);
    }
    await play.cluster.sleep(500);
  }
}

type Action = (play: Play, client: Client, group: Group) => void;

const say: Action = ({ chance }, client, { id }) => {
  const count = chance.happens(0.15) ? 3 : 1;
  for (let nth = 0; nth < count; nth++) client.say(id, `${client.user} says ${chance.whole(0, 999_999)}`);
};

const sayAgain: Action = (play, client) => {
  if (client.acked.length > 0) client.sayAgain(play.chance.of(client.acked));
};

const readPage: Action = ({ chance, cluster }, client, { id }) =>
  cluster.background(client.name, client.readPage(id, chance.whole(1, 50)));

interface Change {
  readonly command: 'add' | 'remove' | 'leave' | 'rename' | 'settings' | 'role';
  readonly conversation: string;
  readonly users: readonly string[];
  /** What of it the history keeps besides. */
  readonly details?: { readonly role?: Role; readonly name?: string; readonly history?: 'shared' | 'since_join' };
  readonly request: Request;
}

type Role = 'owner' | 'admin' | 'member';

const changeMembers: Action = (play, _client, { id, owner }) => {
  const { chance, users, cluster } = play;
  const user = chance.of(users.filter((one) => one !== owner));
  const path = `/v1/conversations/${id}/members`;
  const command = chance.of(['add', 'remove', 'leave'] as const);
  const requests: Readonly<Record<typeof command, Request>> = {
    add: { user: owner, method: 'POST', path, body: { user_ids: [user] } },
    remove: { user: owner, method: 'DELETE', path: `${path}/${user}` },
    leave: { user, method: 'DELETE', path: `${path}/me` },
  };
  const request = requests[command];
  cluster.background(request.user, change(play, { command, users: [user], conversation: id, request }));
};

/** Mostly by who may, now and then by who may not. */
const manage: Action = (play, _client, { id, owner }) => {
  const { chance, users, cluster } = play;
  const by = chance.happens(0.8) ? owner : chance.of(users);
  const patch = { user: by, method: 'PATCH', path: `/v1/conversations/${id}` } as const;
  const name = `name ${chance.whole(0, 9)}`;
  const history = chance.of(['shared', 'since_join'] as const);
  const role = chance.of(['owner', 'admin', 'member'] as const);
  const target = chance.of(users.filter((one) => one !== owner));
  const inGroup = { conversation: id, users: [] };
  const changes: readonly Change[] = [
    { ...inGroup, command: 'rename', details: { name }, request: { ...patch, body: { name } } },
    { ...inGroup, command: 'settings', details: { history }, request: { ...patch, body: { settings: { history } } } },
    {
      conversation: id,
      command: 'role',
      users: [target],
      details: { role },
      request: { ...patch, path: `${patch.path}/members/${target}`, body: { role } },
    },
  ];
  cluster.background(by, change(play, chance.of(changes)));
};

async function change(play: Play, { command, users, conversation, details, request }: Change): Promise<void> {
  const { recorder, cluster } = play;
  const by = { user: request.user, device: 'phone', connection: 0 };
  const ref = recorder.newRef();
  recorder.record({ kind: 'members-asked', ...by, ref, command, conversation, users, ...details });
  const what = `${command} ${[...users, ...Object.values(details ?? {})].join(', ')} in ${conversation}`;
  cluster.story.tell(request.user, `asks to ${what}`);
  const answer: Answer | undefined = await call(play, request);
  if (!answer || answer.status >= 500) return; // it may have been done
  const ok = answer.status < 300;
  const code = ok ? {} : { code: String(answer.body['code']) };
  cluster.story.tell(request.user, `has asked to ${what}: ${answer.status}`);
  recorder.record({ kind: 'members-answered', ...by, ref, ok, conversation, ...code });
}

function act(play: Play): void {
  const { chance, clients, groups } = play;
  const action = chance.happens(0.7) ? say : chance.of([sayAgain, readPage, changeMembers, changeMembers, manage]);
  action(play, chance.of(clients), chance.of(groups));
}

/** Each at its time, for its time; resolves when all are over. */
export async function playFaults(play: Play): Promise<void> {
  const { chance } = play;
  const count = chance.whole(0, TALK.faultsMax);
  await Promise.all(Array.from({ length: count }, (_, index) => playFault(play, index)));
}

async function playFault(play: Play, index: number): Promise<void> {
  const { chance, cluster, recorder } = play;
  const name = chance.of(faultNames);
  const fault: Fault = FAULTS[name];
  const durationMs = chance.between(TALK.faultMsMin, TALK.faultMsMax);
  await play.cluster.sleep(chance.between(TALK.faultsFromMs, TALK.faultsUntilMs));
  cluster.story.tell('the world', `${name}, for ${(durationMs / 1_000).toFixed(1)} s`);
  recorder.record({ kind: 'fault-begun', name: `${name} (${index})` });
  const end = fault.begin(play, durationMs);
  await play.cluster.sleep(durationMs);
  end();
  await play.cluster.sleep(fault.feltMs ?? 0);
  recorder.record({ kind: 'fault-healed', name: `${name} (${index})` });
}
