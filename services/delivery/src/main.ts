import { runService } from '@parley/service-kit';
import { startDelivery } from './start';

runService('delivery', (config) => config.deliveryPort, startDelivery);
