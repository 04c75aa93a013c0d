import { SignJWT, type JWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { openHouse, secret, type House } from '../testing/house.ts';
import { makeKey, openIssuer, type Issuer } from '../testing/issuer.ts';
import { upgrade } from '../testing/upgrade.ts';
import { coolDownMs, refreshMs } from './issuer-keys.ts';
import { keySetBytesMax } from './key-set.ts';

const ask = (house: House, token: string) => upgrade(house.gateway.url, { authorization: `Bearer ${token}` });
const statusOf = async (house: House, token: string) => (await ask(house, token)).status;
const houseOf = ({ url }: Issuer) => openHouse({ config: { jwt: { jwksUrl: url } } });
const manyOf = <Made>(count: number, make: (index: number) => Promise<Made>) =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));

describe("the issuer's keys", () => {
  it.each(['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'])('are taken for %s', async (alg) => {
    const [key, stranger] = await Promise.all([makeKey(alg, 'one'), makeKey(alg, 'one')]);
    await using issuer = await openIssuer(key.jwk);
    await using house = await houseOf(issuer);
    expect(await statusOf(house, await key.token())).toBe(101);
    expect(await statusOf(house, await stranger.token())).toBe(401);
  });

  it('are looked for again when a token names a new one', async () => {
    const [old, fresh] = await Promise.all([makeKey('ES256', 'old'), makeKey('RS256', 'fresh')]);
    await using issuer = await openIssuer(old.jwk);
    await using house = await houseOf(issuer);
    expect(await statusOf(house, await old.token())).toBe(101);
    issuer.publish(old.jwk, fresh.jwk);
    expect(await statusOf(house, await fresh.token())).toBe(101);
    expect(await statusOf(house, await old.token())).toBe(101);
    expect(issuer.asked).toBe(2);
  });

  it('are asked for once in a cool-down, however many tokens name keys that nobody has', async () => {
    const [key, stranger] = await Promise.all([makeKey('ES256', 'one'), makeKey('ES256')]);
    await using issuer = await openIssuer(key.jwk);
    await using house = await houseOf(issuer);
    expect(await statusOf(house, await key.token())).toBe(101);
    const flood = () => manyOf(40, async (i) => statusOf(house, await stranger.token({}, { kid: `stranger-${i}` })));
    expect(new Set(await flood())).toEqual(new Set([401]));
    expect(new Set(await flood())).toEqual(new Set([401]));
    expect(issuer.asked).toBe(2);
    house.world.leap(coolDownMs);
    await flood();
    expect(issuer.asked).toBe(3);
    house.world.leap(-3_600_000);
    await flood();
    expect(issuer.asked).toBe(4);
    expect(await statusOf(house, await key.token())).toBe(101);
  });

  it('are believed no longer once the issuer has taken them away', async () => {
    const [kept, removed] = await Promise.all([makeKey('ES256', 'kept'), makeKey('ES256', 'removed')]);
    await using issuer = await openIssuer(kept.jwk, removed.jwk);
    await using house = await houseOf(issuer);
    expect(await statusOf(house, await removed.token())).toBe(101);
    issuer.publish(kept.jwk);
    await house.world.advance(refreshMs + 1_000);
    await expect.poll(async () => statusOf(house, await removed.token()), { timeout: 10_000 }).toBe(401);
    expect(await statusOf(house, await kept.token())).toBe(101);
  });

  it('are asked for no more when the gateway has gone', async () => {
    await using issuer = await openIssuer((await makeKey('ES256')).jwk);
    const house = await houseOf(issuer);
    await expect.poll(() => issuer.asked).toBe(1);
    await house[Symbol.asyncDispose]();
    await house.world.advance(refreshMs * 2);
    expect(issuer.asked).toBe(1);
  });

  it('need no name where there is one, and one where several would fit', async () => {
    const [one, other] = await Promise.all([makeKey('ES256', 'one'), makeKey('ES256', 'other')]);
    await using issuer = await openIssuer(one.jwk);
    await using house = await houseOf(issuer);
    expect(await statusOf(house, await one.token({}, {}))).toBe(101);
    issuer.publish(one.jwk, other.jwk);
    expect(await statusOf(house, await other.token())).toBe(101);
    expect(await statusOf(house, await one.token({}, {}))).toBe(401);
  });
});

describe('an issuer that is away', () => {
  it('keeps no gateway from starting, and makes tokens wait, not wrong', async () => {
    const key = await makeKey('ES256', 'one');
    await using issuer = await openIssuer(key.jwk);
    await issuer.leave();
    await using house = await houseOf(issuer);
    const answer = await ask(house, await key.token());
    expect(answer).toMatchObject({ status: 503, headers: { 'content-type': 'application/problem+json' } });
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'unavailable', retryable: true });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(coolDownMs / 1_000);
    await issuer.comeBack();
    house.world.leap(coolDownMs);
    expect(await statusOf(house, await key.token())).toBe(101);
    expect(house.errors).toEqual([]);
  });

  it('takes nobody off whose key is known, by WebSocket and by REST', async () => {
    const [known, unknown] = await Promise.all([makeKey('ES256', 'known'), makeKey('ES256', 'unknown')]);
    await using issuer = await openIssuer(known.jwk);
    await using house = await houseOf(issuer);
    const restStatus = async (token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`${house.gateway.url}/v1/conversations`, { headers });
      return [answer.status, answer.headers.has('retry-after')];
    };
    expect(await statusOf(house, await known.token())).toBe(101);
    await issuer.leave();
    await house.world.advance(refreshMs * 3);
    expect(await statusOf(house, await known.token())).toBe(101);
    expect(await restStatus(await known.token())).toEqual([200, false]);
    expect(await statusOf(house, await unknown.token())).toBe(503);
    expect(await restStatus(await unknown.token())).toEqual([503, true]);
    expect(await restStatus('garbage')).toEqual([401, false]);
  });

  it('is asked no more often for that', async () => {
    const key = await makeKey('ES256', 'one');
    await using issuer = await openIssuer();
    issuer.answerWith((response) => response.writeHead(500).end());
    await using house = await houseOf(issuer);
    await expect.poll(() => issuer.asked).toBe(1);
    const flood = () => manyOf(20, async () => statusOf(house, await key.token()));
    expect(new Set(await flood())).toEqual(new Set([503]));
    expect(new Set(await flood())).toEqual(new Set([503]));
    // The first tokens may have come while the gateway's own first look was under way.
    expect(issuer.asked).toBeLessThanOrEqual(2);
  });

  it('leaves an open socket its token, and answers `auth` with `unavailable`', async () => {
    const [known, fresh] = await Promise.all([makeKey('ES256', 'known'), makeKey('ES256', 'fresh')]);
    await using issuer = await openIssuer(known.jwk);
    await using house = await houseOf(issuer);
    using client = house.open(await known.token());
    await client.next('hello');
    await issuer.leave();
    client.send({ type: 'auth', ref: 'a', token: await fresh.token() });
    expect(await client.next('error')).toMatchObject({ code: 'unavailable', ref: 'a', retryable: true });
    expect(await client.settled()).toEqual([]);
    issuer.publish(fresh.jwk);
    await issuer.comeBack();
    house.world.leap(coolDownMs);
    client.send({ type: 'auth', ref: 'b', token: await fresh.token() });
    expect(await client.next('authed')).toMatchObject({ ref: 'b' });
  });
});

describe('an issuer that answers', () => {
  const padded = (keys: readonly JWK[], bytes: number) => {
    const text = JSON.stringify({ keys, pad: '' });
    return JSON.stringify({ keys, pad: 'x'.repeat(bytes - text.length) });
  };

  it('as much as allowed is believed, one byte more is away', async () => {
    const [key, late] = await Promise.all([makeKey('ES256', 'one'), makeKey('ES256', 'late')]);
    await using issuer = await openIssuer();
    issuer.answerWith((response) => response.end(padded([key.jwk], keySetBytesMax)));
    await using house = await houseOf(issuer);
    expect(await statusOf(house, await key.token())).toBe(101);
    issuer.answerWith((response) => response.end(padded([key.jwk, late.jwk], keySetBytesMax + 1)));
    expect(await statusOf(house, await late.token())).toBe(503);
    expect(await statusOf(house, await key.token())).toBe(101);
  });

  it('without end is cut', async () => {
    const key = await makeKey('ES256', 'one');
    await using issuer = await openIssuer();
    const cut = Promise.withResolvers<void>();
    issuer.answerWith((response) => {
      response.on('close', () => cut.resolve());
      const pour = (): void => void (response.writable && response.write('x'.repeat(16_384), () => setImmediate(pour)));
      pour();
    });
    await using house = await houseOf(issuer);
    expect(await statusOf(house, await key.token())).toBe(503);
    await cut.promise;
  });

  it.each(['', '{"keys":[{'])('with %j and then hangs is away', async (text) => {
    const [known, unknown] = await Promise.all([makeKey('ES256', 'known'), makeKey('ES256', 'unknown')]);
    await using issuer = await openIssuer(known.jwk);
    await using house = await houseOf(issuer);
    expect(await statusOf(house, await known.token())).toBe(101);
    issuer.answerWith((response) => void response.write(text));
    const waiting = statusOf(house, await unknown.token());
    expect(await statusOf(house, await known.token())).toBe(101);
    expect(await waiting).toBe(503);
  });

  it.each([
    ['no JSON', 200, '<html>'],
    ['no set', 200, '{}'],
    ['no keys', 200, '{"keys":[]}'],
    ['null', 200, 'null'],
    ['an error', 404, '{"keys":[{"kty":"EC"}]}'],
    ['from elsewhere', 302, ''],
  ])('%s is away, and takes no key with it', async (_, status, text) => {
    const [known, unknown] = await Promise.all([makeKey('ES256', 'known'), makeKey('ES256', 'unknown')]);
    await using elsewhere = await openIssuer(unknown.jwk);
    await using issuer = await openIssuer(known.jwk);
    await using house = await houseOf(issuer);
    expect(await statusOf(house, await known.token())).toBe(101);
    issuer.answerWith((response) => response.writeHead(status, { location: elsewhere.url }).end(text));
    expect(await statusOf(house, await unknown.token())).toBe(503);
    expect(await statusOf(house, await known.token())).toBe(101);
    expect(elsewhere.asked).toBe(0);
  });
});

describe('algorithms', () => {
  const signed = (alg: string, key: string, kid = 'one') =>
    new SignJWT({ sub: 'alice' }).setProtectedHeader({ alg, kid }).sign(new TextEncoder().encode(key));

  it('of secrets are never those of a JWKS', async () => {
    const key = await makeKey('RS256', 'one');
    const shared: JWK = { kty: 'oct', kid: 'shared', k: Buffer.from(secret).toString('base64url') };
    await using issuer = await openIssuer(key.jwk, shared);
    await using house = await houseOf(issuer);
    const none = `${btoa('{"alg":"none","kid":"one"}')}.${btoa('{"sub":"alice"}')}.`.replaceAll('=', '');
    expect(await statusOf(house, await signed('HS256', secret, 'shared'))).toBe(401);
    expect(await statusOf(house, await signed('HS256', JSON.stringify(key.jwk)))).toBe(401);
    expect(await statusOf(house, none)).toBe(401);
  });

  it.each(['ES384', 'RS512', 'PS384'])('that we do not take are refused: %s', async (alg) => {
    const [key, good] = await Promise.all([makeKey(alg, 'one'), makeKey('ES256', 'good')]);
    await using issuer = await openIssuer(key.jwk, good.jwk);
    await using house = await houseOf(issuer);
    expect(await statusOf(house, await key.token())).toBe(401);
    expect(await statusOf(house, await good.token())).toBe(101);
  });

  it('are those that the issuer says the key is for', async () => {
    const key = await makeKey('RS256', 'one');
    await using issuer = await openIssuer({ ...key.jwk, alg: 'PS256' });
    await using house = await houseOf(issuer);
    expect(await statusOf(house, await key.token())).toBe(401);
  });

  it('have each one source: the secret and the public key before the JWKS', async () => {
    const [own, theirs, other] = await Promise.all([
      makeKey('EdDSA'),
      makeKey('EdDSA', 'one'),
      makeKey('RS256', 'two'),
    ]);
    await using issuer = await openIssuer(theirs.jwk, other.jwk);
    const jwt = { secret, publicKey: JSON.stringify(own.jwk), jwksUrl: issuer.url };
    await using house = await openHouse({ config: { jwt } });
    const tokens = [signed('HS256', secret), own.token(), other.token(), theirs.token()];
    expect(await Promise.all(tokens.map(async (token) => statusOf(house, await token)))).toEqual([101, 101, 101, 401]);
  });
});
