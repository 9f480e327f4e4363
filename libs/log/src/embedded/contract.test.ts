import { openForTest } from '../../test/under-test';
import { testLogContract } from '../contract-suite';

testLogContract('embedded', openForTest, {
  compactsOnRequest: true,
  expiresOnRequest: true,
  strayMembers: true,
});
