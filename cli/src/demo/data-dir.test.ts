import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freshDataDir, holdsEarlierDemo } from './data-dir';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'parley-demo-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("the demo's data directory", () => {
  it('is made, and emptied the next time', () => {
    const dir = join(root, 'data-demo');
    expect(holdsEarlierDemo(dir)).toBe(false);
    freshDataDir(dir);
    mkdirSync(join(dir, 'log'));
    writeFileSync(join(dir, 'log', 'x'), 'x');
    expect(holdsEarlierDemo(dir)).toBe(true);
    freshDataDir(dir);
    expect(readdirSync(dir)).toEqual(['.parley-demo']);
  });

  it('is left alone if it holds what no demo put there', () => {
    writeFileSync(join(root, 'thesis.txt'), 'years of work');
    expect(() => freshDataDir(root)).toThrow('holds files that no demo put there');
    expect(readdirSync(root)).toEqual(['thesis.txt']);
  });
});
