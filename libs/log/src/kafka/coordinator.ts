import type { Cluster } from './cluster';
import { BrokerError, isBrokerError } from './errors';
import type { ApiRequest } from './request';

const NO_COORDINATOR = [
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
] as const;

/** True where the group has moved to another coordinator, or that one is not ready. */
export function isCoordinatorAway(error: unknown): boolean {
  return isBrokerError(error, ...NO_COORDINATOR);
}

/**
 * Sends a short request to the group's coordinator, once. The coordinator is looked for anew after a failure.
 * @param group  name on the broker
 * @param codeOf the answer's error code
 * @throws LOG_UNAVAILABLE; BrokerError if it is not the coordinator, other codes come as answers
 */
export async function askCoordinator<T>(
  cluster: Cluster,
  group: string,
  request: ApiRequest<T>,
  codeOf: (answer: T) => number,
): Promise<T> {
  try {
    const connection = await cluster.control(await cluster.coordinator(group));
    const answer = await connection.send(request);
    const error = new BrokerError(codeOf(answer));
    if (isCoordinatorAway(error)) throw error;
    return answer;
  } catch (error) {
    cluster.staleCoordinator(group);
    throw error;
  }
}
