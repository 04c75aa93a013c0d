import { generateKeyPair, exportJWK, exportSPKI, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { bodyOf, openHouse, secret } from './testing/house.ts';
import { upgrade } from './testing/upgrade.ts';

const sign = (claims: Record<string, unknown>, key = secret) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(key));

describe('who may connect', () => {
  it('takes a token from the header, and answers with the subprotocol it speaks', async () => {
    await using house = await openHouse();
    const authorization = `Bearer ${await house.token('alice')}`;
    const answer = await upgrade(house.gateway.url, { authorization, 'sec-websocket-protocol': 'chat.v1' });
    expect(answer).toMatchObject({ status: 101, headers: { 'sec-websocket-protocol': 'chat.v1' } });
    const silent = await upgrade(house.gateway.url, { authorization });
    expect(silent.status).toBe(101);
    expect(silent.headers['sec-websocket-protocol']).toBeUndefined();
  });

  it('takes a token from a subprotocol, and never echoes it', async () => {
    await using house = await openHouse();
    const offered = `bearer.${await house.token('alice')}, chat.v1`;
    const answer = await upgrade(house.gateway.url, { 'sec-websocket-protocol': offered });
    expect(answer).toMatchObject({ status: 101, headers: { 'sec-websocket-protocol': 'chat.v1' } });
  });

  const later = Math.floor(Date.now() / 1000) + 60;
  it.each([
    ['no token', async () => ''],
    ['garbage', async () => 'Bearer x.y.z'],
    ['another scheme', async () => `Basic ${await sign({ sub: 'alice' })}`],
    ['another secret', async () => `Bearer ${await sign({ sub: 'alice' }, 'another secret of thirty-two bytes')}`],
    ['an ended token', async () => `Bearer ${await sign({ sub: 'alice', exp: later - 120 })}`],
    ['a token that does not hold yet', async () => `Bearer ${await sign({ sub: 'alice', nbf: later })}`],
    ['no sub', async () => `Bearer ${await sign({})}`],
    ['a sub that is no user id', async () => `Bearer ${await sign({ sub: 'al.ice' })}`],
    ['alg none', async () => `Bearer ${btoa('{"alg":"none"}')}.${btoa('{"sub":"alice"}')}.`],
  ])('answers 401 to %s', async (_, authorization) => {
    await using house = await openHouse();
    const answer = await upgrade(house.gateway.url, { authorization: await authorization() });
    expect(answer.status).toBe(401);
    expect(answer.headers).toMatchObject({ 'content-type': 'application/problem+json', 'www-authenticate': 'Bearer' });
    const requestId = answer.headers['x-request-id'];
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'unauthenticated', request_id: requestId });
  });

  it('takes a token of as many bytes as allowed, about 4 KiB, and not one byte more', async () => {
    const token = await sign({ sub: 'alice', pad: 'x'.repeat(2_950) });
    expect(token.length).toBeGreaterThan(4_000);
    const statuses: number[] = [];
    for (const tokenBytesMax of [token.length, token.length - 1]) {
      await using house = await openHouse({ limits: { tokenBytesMax } });
      statuses.push((await upgrade(house.gateway.url, { authorization: `Bearer ${token}` })).status);
    }
    expect(statuses).toEqual([101, 401]);
  });

  it.each(['PEM', 'JWK'])(
    'takes an EdDSA token under a public key as %s, and not one signed with that key as a secret',
    async (form) => {
      const { publicKey, privateKey } = await generateKeyPair('Ed25519', { extractable: true });
      const text = form === 'PEM' ? await exportSPKI(publicKey) : JSON.stringify(await exportJWK(publicKey));
      await using house = await openHouse({ config: { jwt: { publicKey: text } } });
      const good = await new SignJWT({ sub: 'alice' }).setProtectedHeader({ alg: 'EdDSA' }).sign(privateKey);
      expect((await upgrade(house.gateway.url, { authorization: `Bearer ${good}` })).status).toBe(101);
      const confused = await sign({ sub: 'alice' }, text);
      expect((await upgrade(house.gateway.url, { authorization: `Bearer ${confused}` })).status).toBe(401);
    },
  );

  it('takes a token that begins within five seconds, and none that has ended', async () => {
    await using house = await openHouse();
    const nowSeconds = Math.floor(Date.now() / 1000);
    const statusOf = async (claims: Record<string, unknown>) => {
      const authorization = `Bearer ${await sign({ sub: 'alice', ...claims })}`;
      return (await upgrade(house.gateway.url, { authorization })).status;
    };
    expect(await statusOf({ nbf: nowSeconds + 4 })).toBe(101);
    expect(await statusOf({ nbf: nowSeconds + 60 })).toBe(401);
    expect(await statusOf({ exp: nowSeconds - 1 })).toBe(401);
  });

  it('takes only the tokens of the issuer and for the audience that are named', async () => {
    await using house = await openHouse({
      config: { jwt: { secret, issuer: 'https://id.example', audience: 'chat' } },
    });
    const statusOf = async (claims: Record<string, unknown>) => {
      const authorization = `Bearer ${await sign({ sub: 'alice', ...claims })}`;
      return (await upgrade(house.gateway.url, { authorization })).status;
    };
    const good = { iss: 'https://id.example', aud: ['chat', 'mail'] };
    expect(await statusOf(good)).toBe(101);
    expect(await statusOf({ ...good, aud: 'mail' })).toBe(401);
    expect(await statusOf({ ...good, iss: 'https://other.example' })).toBe(401);
    expect(await statusOf({})).toBe(401);
  });

  it('starts nowhere without an issuer of tokens, and says which keys name one', async () => {
    const opening = openHouse({ config: { jwt: {} } });
    await expect(opening).rejects.toThrow(/PARLEY_JWT_SECRET.*PARLEY_JWT_PUBLIC_KEY.*PARLEY_JWKS_URL/);
    await expect(openHouse({ config: { jwt: { jwksUrl: 'http://[' } } })).rejects.toThrow('PARLEY_JWKS_URL');
  });

  it.each([
    ['GET', 426, 'upgrade_required'],
    ['POST', 405, 'method_not_allowed'],
  ])('answers %s without an upgrade with %i', async (method, status, code) => {
    await using house = await openHouse();
    const answer = await fetch(`${house.gateway.url}/v1/ws`, { method });
    expect([answer.status, (await bodyOf(answer)).code]).toEqual([status, code]);
    expect(answer.headers.get('upgrade')).toBe(status === 426 ? 'websocket' : null);
  });

  it('says hello with the limits and no end for a token without one', async () => {
    await using house = await openHouse();
    using client = house.open(await sign({ sub: 'alice' }), '?device=d1&session=s1&platform=web');
    expect(await client.next('hello')).toMatchObject({
      session_id: 's1',
      device_id: 'd1',
      user_id: 'alice',
      heartbeat_ms: 30_000,
      log_epoch: 1,
      token_exp_ts: 8_640_000_000_000_000,
      limits: { frame_bytes_max: 65_536, sessions_per_user_max: 10 },
    });
  });

  it.each([
    ['?device=a.b', 400],
    ['?session=', 400],
    [`?device=${'x'.repeat(65)}`, 400],
    ['?platform=fridge', 400],
    [`?device=${'x'.repeat(64)}&platform=bot&unknown=1`, 101],
  ])('answers the query %s with %i', async (query, status) => {
    await using house = await openHouse();
    const authorization = `Bearer ${await house.token('alice')}`;
    expect((await upgrade(house.gateway.url, { authorization }, query)).status).toBe(status);
  });

  it('answers 400 when no subprotocol is ours', async () => {
    await using house = await openHouse();
    const authorization = `Bearer ${await house.token('alice')}`;
    const answer = await upgrade(house.gateway.url, { authorization, 'sec-websocket-protocol': 'chat.v2' });
    expect(answer.status).toBe(400);
  });

  it.each([
    ['https://chat.example', ['https://chat.example'], 101],
    ['https://evil.example', ['https://chat.example'], 403],
    ['http://localhost:3000', ['https://chat.example'], 403],
    ['http://localhost:3000', [], 101],
    ['https://evil.example', [], 403],
    ['null', [], 403],
    ['null', ['https://chat.example'], 403],
    ['https://chat.example', ['HTTPS://Chat.Example:443'], 101],
    ['http://chat.example', ['https://chat.example'], 403],
    ['https://chat.example:8443', ['https://chat.example'], 403],
    ['https://chat.example.evil.example', ['https://chat.example'], 403],
  ])('answers the origin %s under %j with %i', async (origin, origins, status) => {
    await using house = await openHouse({ config: { origins } });
    const authorization = `Bearer ${await house.token('alice')}`;
    expect((await upgrade(house.gateway.url, { authorization, origin })).status).toBe(status);
  });

  it('answers 503 with Retry-After until delivery has reached every shard', async () => {
    await using house = await openHouse({ isReached: false });
    const authorization = `Bearer ${await house.token('alice')}`;
    const answer = await upgrade(house.gateway.url, { authorization });
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    house.bus.send({});
    expect((await upgrade(house.gateway.url, { authorization })).status).toBe(101);
  });

  it('answers 503 while a probe says it is not ready, or the registry is away', async () => {
    let reason: string | undefined = 'the clock is off';
    await using house = await openHouse({ dependencies: () => ({ readiness: [() => reason] }) });
    const authorization = `Bearer ${await house.token('alice')}`;
    expect((await upgrade(house.gateway.url, { authorization })).status).toBe(503);
    reason = undefined;
    expect((await upgrade(house.gateway.url, { authorization })).status).toBe(101);
  });
});

it('greets each of many who come at once, and cuts none of them', async () => {
  await using house = await openHouse();
  const tokens = await Promise.all(Array.from({ length: 400 }, (_, index) => house.token(`crowd-${index}`)));
  const clients = tokens.map((token) => house.open(token));
  await Promise.all(clients.map((client) => client.next('hello')));
  for (const client of clients) client.socket.close();
});
