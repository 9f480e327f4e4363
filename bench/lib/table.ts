import { Console } from 'node:console';

/** For the person who waits; the line of JSON is for whoever compares runs. */
export function printTable(rows: Readonly<Record<string, object>>): void {
  new Console(process.stderr).table(rows);
}
