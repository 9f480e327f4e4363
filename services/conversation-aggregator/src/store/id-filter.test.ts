import { IdFilter } from './id-filter';

const id = (i: number) => `${'0000000'.slice(String(i).length)}${i}-0000-5000-8000-000000000000`;

it('rules out nothing that was added, and most of what was not', () => {
  const filter = new IdFilter();
  const numbers = Array.from({ length: 100_000 }, (_, i) => i);
  for (const i of numbers) filter.add(i % 6, id(i));
  expect(numbers.filter((i) => !filter.mayHave(i % 6, id(i)))).toEqual([]);
  const inOtherPartition = numbers.filter((i) => filter.mayHave((i + 1) % 6, id(i)));
  const never = numbers.filter((i) => filter.mayHave(i % 6, id(i + numbers.length)));
  expect(inOtherPartition.length).toBeLessThan(1_000);
  expect(never.length).toBeLessThan(1_000);
});
