import type { Cluster } from '../src/kafka/cluster';
import type { Connection } from '../src/kafka/connection';
import { unavailable } from '../src/kafka/errors';

/**
 * What happens to a request:
 * - `asked`: it arrives, its answer is lost;
 * - `lost`: it never arrives;
 * - `late`: it is lost, as the sender sees it, and arrives so many milliseconds later.
 */
export type Fault = 'none' | 'asked' | 'lost' | { readonly late: number };

type Exchange = (inner: Connection, send: () => Promise<unknown>) => Promise<unknown>;

/** The cluster, with something between it and what is sent over dedicated connections. */
export function between(cluster: Cluster, exchange: Exchange): Cluster {
  const wrap = (inner: Connection): Connection => ({
    get alive() {
      return inner.alive;
    },
    close: () => inner.close(),
    send: async <T>(...sent: Parameters<typeof inner.send<T>>) =>
      (await exchange(inner, () => inner.send<T>(...sent))) as T,
  });
  return new Proxy(cluster, {
    get: (target, name) => {
      if (name === 'dedicated') return async (node: number) => wrap(await target.dedicated(node));
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** The cluster with faults: one for each request, in turn. */
export function lossy(cluster: Cluster, faults: readonly Fault[]) {
  const late: Promise<unknown>[] = [];
  let requests = 0;
  const exchange: Exchange = async (inner, send) => {
    const fault = faults[requests++ % faults.length] ?? 'none';
    if (fault === 'none') return send();
    if (fault === 'asked') await send();
    if (typeof fault === 'object') {
      const arrival = new Promise((resolve) => setTimeout(resolve, fault.late)).then(send);
      late.push(arrival.catch(() => {}).finally(() => inner.close()));
    } else inner.close();
    throw unavailable('the connection was lost', undefined);
  };
  return { cluster: between(cluster, exchange), settled: () => Promise.all(late) };
}
