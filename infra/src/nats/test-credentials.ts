// For tests: a server in operator mode, where a user is a signed JWT and its nkey in a credentials file, as `nsc` writes them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { freePort } from '../runtime/free-port.ts';
import { configText } from './config-language.ts';
import { natsServerBinary } from './test-servers.ts';

export interface OperatorModeServer extends AsyncDisposable {
  readonly url: string;
  /** Of its one user, as in a credentials file. */
  readonly credentials: string;
}

type Keys = ReturnType<typeof nkeys.createOperator>;

const unlimited = { subs: -1, data: -1, payload: -1 };

/** Listens a moment after this resolves. */
export async function startOperatorModeServer(folder: string): Promise<OperatorModeServer> {
  const [operator, account, user] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createUser()];
  const limits = { ...unlimited, conn: -1, leaf: -1, imports: -1, exports: -1, wildcards: true };
  const jwts = {
    operator: signed({ type: 'operator' }, operator, operator),
    account: signed({ type: 'account', limits }, account, operator),
    user: signed({ type: 'user', pub: {}, sub: {}, ...unlimited }, user, account),
  };
  const listen = `127.0.0.1:${await freePort()}`;
  const resolver = { resolver: 'MEMORY', resolver_preload: { [account.getPublicKey()]: jwts.account } };
  const config = path.join(folder, 'operator-mode.conf');
  await writeFile(config, configText({ listen, operator: jwts.operator, ...resolver }));
  const child = spawn(natsServerBinary(), ['-c', config], { stdio: 'ignore' });
  return {
    url: `nats://${listen}`,
    credentials: credentials(jwts.user, user),
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function signed(claims: object, subject: Keys, issuer: Keys): string {
  const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const identity = { jti: 'test', iat: 1_700_000_000, iss: issuer.getPublicKey(), sub: subject.getPublicKey() };
  const text = `${base64({ typ: 'JWT', alg: 'ed25519-nkey' })}.${base64({ ...identity, nats: { ...claims, version: 2 } })}`;
  return `${text}.${Buffer.from(issuer.sign(Buffer.from(text))).toString('base64url')}`;
}

const credentials = (jwt: string, user: Keys): string => `-----BEGIN NATS USER JWT-----
${jwt}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${Buffer.from(user.getSeed()).toString()}
------END USER NKEY SEED------
`;
