// Is the checker itself awake? Every deliberately broken build has to leave an offence of the right kind, and the same scene on
// a sound build none.
import { checkHistory, type Offence } from '@parley/proof';
import { BROKEN_BUILDS, HASTY, type BrokenBuild } from './broken-builds.ts';
import type { Change } from './changed-build.ts';
import { play } from './play.ts';
import { SCENES, type Scene, type SceneName } from './scenes.ts';
import { startStandaloneStage } from './standalone-stage.ts';

const visibleWithinMs = 5_000;

export async function playScene(
  name: SceneName,
  changes: readonly Change[],
  seed: number,
): Promise<readonly Offence[]> {
  const scene: Scene = SCENES[name];
  await using stage = await startStandaloneStage({ changes: [...(scene.isHasty ? HASTY : []), ...changes] });
  const history = await play({
    stage,
    seed,
    load: scene.sizes,
    visibleWithinMs,
    direct: (playing) => scene.direct(stage, playing),
  });
  return checkHistory(history, { visibleWithinMs });
}

export const isNoticed = ({ offences }: BrokenBuild, found: readonly Offence[]): boolean =>
  found.some(({ kind }) => offences.includes(kind));

/** True when each was noticed and nothing else. */
export async function checkBrokenBuilds(only: RegExp | true, seed: number): Promise<boolean> {
  const builds = BROKEN_BUILDS.filter(({ name }) => only === true || only.test(name));
  const scenes = [...new Set(builds.map(({ scene }) => scene))];
  let sound = 0;
  for (const scene of scenes) {
    const offences = await playScene(scene, [], seed);
    if (offences.length === 0) sound++;
    console.log(
      `  ${offences.length === 0 ? 'sound  ' : 'OFFENCE'} ${`nothing broken, ${scene}`.padEnd(46)} ${story(offences)}`,
    );
  }
  let noticed = 0;
  for (const build of builds) {
    const offences = await playScene(build.scene, build.changes, seed);
    if (isNoticed(build, offences)) noticed++;
    console.log(
      `  ${isNoticed(build, offences) ? 'noticed' : 'MISSED '} ${`${build.name}, ${build.scene}`.padEnd(46)} ${story(offences)}`,
    );
  }
  console.log(
    `${noticed} of ${builds.length} broken builds noticed, ${sound} of ${scenes.length} sound ones found sound.`,
  );
  return noticed === builds.length && sound === scenes.length;
}

function story(offences: readonly Offence[]): string {
  const kinds = Map.groupBy(offences, ({ kind }) => kind);
  return (
    [...kinds].map(([kind, all]) => `${kind} ${all.length}`).join(', ') +
    (offences[0] ? `; ${offences[0].sentence}` : '')
  );
}
