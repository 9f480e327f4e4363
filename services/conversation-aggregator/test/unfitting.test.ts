import type { Log } from '@parley/log';
import { applied, openWorld, received, until, type World } from './world';

let world: World;
let later: World;
beforeEach(async () => {
  world = await openWorld();
  later = await openWorld();
});
afterEach(async () => {
  await world.close();
  await later.close();
});

/** The later log in the place of the first: its topics were deleted and made anew. */
function madeAnew(): Log {
  return new Proxy(later.log, {
    get(target, name) {
      if (name === 'identity') return () => world.log.identity();
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

it('refuses partitions whose topic was made anew, although their positions lie within it', async () => {
  const first = await world.aggregator();
  const positions = await world.append(Array.from({ length: 9 }, (_, i) => received(`c${i}`, `m${i}`, i)));
  await applied(first, positions);
  await first.close();
  const applying = [...new Set(positions.map(({ partition }) => partition))].sort();

  await later.append(Array.from({ length: 90 }, (_, i) => received(`d${i}`, `n${i}`, i)));
  const aggregator = await later.aggregator({ log: madeAnew(), dir: `${world.dir}/aggregator`, wait: false });
  const refused = () => Object.keys((aggregator.ready().detail?.refused as object | undefined) ?? {}).map(Number);
  await until(() => refused().length > 0);
  expect(refused()).toEqual(applying);
  expect(aggregator.ready().ready).toBe(false);
});
