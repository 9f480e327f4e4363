import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AggregatorProcess } from './process';
import { applied, conversationId, hashes, openWorld, read, received, shown, tagged, until, type World } from './world';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

/** Resolves when it has begun to fold. */
async function folds(service: AggregatorProcess): Promise<void> {
  await service.says('listening');
  await until(() => existsSync(join(world.dir, 'aggregator', 'all.0', 'state', 'g1')));
}

function chunk(from: number, count: number) {
  return Array.from({ length: count }, (_, at) => from + at).flatMap((i) => [
    received(`c${i % 97}`, `m${i}`, (i * 7919) % 10_007),
    ...(i % 5 === 0 ? [read(`c${i % 97}`, `r${i}`), tagged(`c${i % 97}`, `t${i}`, `tag${i % 3}`)] : []),
    // Told again, as providers do.
    received(`c${(i >> 1) % 97}`, `m${i >> 1}`, ((i >> 1) * 7919) % 10_007),
  ]);
}

it('gives the states of a fresh replay after it was killed in the midst, several times', async () => {
  for (let round = 0; round < 3; round += 1) {
    const service = AggregatorProcess.start(world);
    await folds(service);
    for (let part = 0; part < 4; part += 1) await world.append(chunk((round * 4 + part) * 300, 300));
    await service.kill();
  }
  const survivor = await world.aggregator();
  const replayed = await world.aggregator({ dir: join(world.dir, 'other') });
  expect(await hashes(survivor)).toEqual(await hashes(replayed));
  const found = shown(survivor).conversation(conversationId('c1'));
  expect(found?.state.messageCount).toBe(Array.from({ length: 3600 }, (_, i) => i).filter((i) => i % 97 === 1).length);
});

it.each([
  ['cut short', (file: string) => truncateSync(file, 8_192)],
  ['overwritten', (file: string) => writeFileSync(file, Buffer.alloc(readFileSync(file).length, 7))],
])('rebuilds a store that was %s', async (_, damage) => {
  const first = await world.aggregator();
  await applied(first, await world.append(chunk(0, 200)));
  const before = await hashes(first);
  await first.close();
  const state = join(world.dir, 'aggregator', 'all.0', 'state');
  damage(join(state, 'g1', 'data.mdb'));
  const again = await world.aggregator();
  expect(await hashes(again)).toEqual(before);
  expect(readdirSync(state)).toEqual(['g2']);
});
