// An issuer of tokens, on a port of its own: what it publishes, how often it was asked, and whether it is there at all.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type JWK, type JWTPayload } from 'jose';

export interface Issuer extends AsyncDisposable {
  readonly url: string;
  /** How often its keys were asked for. */
  readonly asked: number;
  /** Instead of whatever it answered before. */
  publish(...keys: readonly JWK[]): void;
  answerWith(answer: (response: ServerResponse) => void): void;
  /** Nobody listens at its address any more, until it comes back. */
  leave(): Promise<void>;
  comeBack(): Promise<void>;
}

export async function openIssuer(...keys: readonly JWK[]): Promise<Issuer> {
  let asked = 0;
  let answer: (response: ServerResponse) => void = publishing(keys);
  const server = createServer((_, response) => {
    asked++;
    answer(response);
  });
  const listen = async (port: number): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  async function leave(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/jwks.json`,
    get asked() {
      return asked;
    },
    publish: (...published) => void (answer = publishing(published)),
    answerWith: (given) => void (answer = given),
    leave,
    comeBack: () => listen(port),
    [Symbol.asyncDispose]: leave,
  };
}

const publishing = (keys: readonly JWK[]) => (response: ServerResponse) => void response.end(JSON.stringify({ keys }));

export interface IssuerKey {
  /** As it is published. */
  readonly jwk: JWK;
  /** `alice` where the claims do not say whose. */
  token(claims?: JWTPayload, header?: { readonly kid?: string }): Promise<string>;
}

/** `EdDSA` and `Ed25519` are two names of one algorithm. */
export async function makeKey(alg: string, kid?: string): Promise<IssuerKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const named = kid === undefined ? {} : { kid };
  return {
    jwk: { ...(await exportJWK(publicKey)), ...named },
    token: (claims = {}, header = named) =>
      new SignJWT({ sub: 'alice', ...claims }).setProtectedHeader({ alg, ...header }).sign(privateKey),
  };
}
