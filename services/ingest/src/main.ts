import { runService } from '@parley/service-kit';
import { startRouterThread } from './router/thread';
import { startIngest } from './start';

runService(
  'ingest',
  (config) => config.ingestPort,
  (ctx) => startIngest(ctx, startRouterThread),
);
