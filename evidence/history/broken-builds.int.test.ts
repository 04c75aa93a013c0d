// Two of the broken builds; `npm run check:history -- --broken` plays all of them, and their scenes on sound builds.
import { expect, test } from 'vitest';
import { BROKEN_BUILDS } from './broken-builds.ts';
import { isNoticed, playScene } from './check-broken-builds.ts';

const played = ['ack before append', 'unconditional append'];
const builds = BROKEN_BUILDS.filter(({ name }) => played.includes(name));

test('the builds that are played exist', () => {
  expect(builds).toHaveLength(played.length);
});

test.each(builds)('a build with "$name" is noticed', async (build) => {
  const offences = await playScene(build.scene, build.changes, 1);
  expect(isNoticed(build, offences), JSON.stringify(offences.slice(0, 5))).toBe(true);
});
