export interface ConsumerGroup {
  /** As in the log; before it, on a shared cluster, the installation's prefix. */
  readonly name: string;
  /** Whose processes are its members. */
  readonly service: string;
  readonly reads: string;
  readonly about: string;
}

/**
 * Every consumer group of an installation: whoever moves a log takes their positions along, and operators watch their
 * lag. Everybody else reads by position and keeps it beside what came of it.
 */
export const consumerGroups = {
  router: {
    name: 'ingest-router',
    service: 'ingest',
    reads: 'source.<source>.events',
    about: 'maps what sources sent to events',
  },
  profiles: {
    name: 'delivery-profiles',
    service: 'delivery',
    reads: 'communication.conversation-events',
    about: 'asks providers who contacts are',
  },
} as const satisfies Readonly<Record<string, ConsumerGroup>>;

export type ConsumerGroupName = (typeof consumerGroups)[keyof typeof consumerGroups]['name'];
