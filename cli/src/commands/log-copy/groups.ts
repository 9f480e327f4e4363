/** The product's consumer groups: ingest's router and delivery's profiles. Everybody else reads by position. */
export const consumerGroups: readonly string[] = ['ingest-router', 'delivery-profiles'];
