import type { Cluster } from './cluster';
import type { ProducerId } from './partition-queue';
import { kafkajsRequest } from './request';

/** An id that no other producer has. @throws LOG_UNAVAILABLE, BrokerError */
export async function askProducerId(cluster: Cluster): Promise<ProducerId> {
  const request = kafkajsRequest<{ producerId: string; producerEpoch: number }>('InitProducerId', {
    transactionalId: null,
  });
  const { producerId, producerEpoch } = await (await cluster.anyControl()).send(request);
  return { id: BigInt(producerId), epoch: producerEpoch };
}
