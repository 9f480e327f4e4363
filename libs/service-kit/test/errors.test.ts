import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { errorStatus } from '../src';

it('every error code stands in docs/errors.md with its status, and no other', () => {
  const doc = readFileSync(join(resolve(__dirname, '../../..'), 'docs/errors.md'), 'utf8');
  const listed = Object.fromEntries(
    [...doc.matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \|/gm)].map((match) => [match[1], Number(match[2])]),
  );
  expect(listed).toEqual(errorStatus);
});
