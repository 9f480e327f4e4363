import { join } from 'node:path';
import { runService, systemAuthenticator } from '@parley/service-kit';
import { Aggregator } from './aggregator';
import { queryRoutes } from './query/routes';

runService(
  'conversation-aggregator',
  (config) => config.aggregatorPort,
  async ({ config, log, registry, logger, metrics, onFatal }) => {
    const aggregator = await Aggregator.open({
      log,
      registry,
      dir: join(config.dataDir, 'aggregator'),
      partitions: config.partitions,
      settings: config.aggregator,
      logger,
      metrics,
      onFatal,
    });
    return {
      routes: queryRoutes(aggregator, systemAuthenticator(config)),
      ready: () => aggregator.ready(),
      close: () => aggregator.close(),
    };
  },
);
