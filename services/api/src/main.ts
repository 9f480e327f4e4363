import { runService } from '@parley/service-kit';
import { startApi } from './start';

runService('api', (config) => config.apiPort, startApi);
