import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { warnOfOtherLog } from '@parley/service-kit';
import type { Logger } from 'pino';
import { Generation } from '../partition/generation';
import { OtherLogError, StoreError, type StoreMarker } from './environment';

const NAME = /^g(\d+)$/;
/** Lies in the folder of a generation that was found damaged while it served. */
const CONDEMNED = 'condemned';

export interface GenerationsOptions {
  readonly dir: string;
  readonly marker: StoreMarker;
  readonly served: readonly number[];
  readonly logger: Logger;
}

export interface OpenGenerations {
  /** Made by this program; may be empty yet. */
  readonly current: Generation;
  /** Complete, but of another reducer's version: serves until the current one has caught up. */
  readonly former: Generation | undefined;
}

function numbers(dir: string): readonly number[] {
  return readdirSync(dir)
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a);
}

function isCondemned(dir: string): boolean {
  return readdirSync(dir).includes(CONDEMNED);
}

/** The generation will be rebuilt on the next start. */
export function condemn(generation: Generation): void {
  writeFileSync(join(generation.dir, CONDEMNED), '');
}

export function removeGeneration(generation: Generation): void {
  rmSync(generation.dir, { recursive: true, force: true });
}

function tryOpen(dir: string, options: GenerationsOptions): Generation | undefined {
  try {
    if (!isCondemned(dir)) return new Generation(dir, options);
    options.logger.error({ dir }, 'the store was found damaged; it is rebuilt from the log');
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    if (error instanceof OtherLogError) {
      warnOfOtherLog(options.logger, { store: dir, before: error.before, now: options.marker.log });
    } else {
      options.logger.error({ err: error, dir }, 'the store can’t be used; it is rebuilt from the log');
    }
  }
  return undefined;
}

/**
 * Opens what is there: folders g1, g2, … of which the newest fitting one counts. What is of no use any more is
 * deleted: the log has it all. States of another log don't even serve until there are better ones.
 */
export async function openGenerations(options: GenerationsOptions): Promise<OpenGenerations> {
  const { dir, marker } = options;
  mkdirSync(dir, { recursive: true });
  const existing = numbers(dir);
  let current: Generation | undefined;
  let former: Generation | undefined;
  for (const number of existing) {
    const path = join(dir, `g${number}`);
    const generation = tryOpen(path, options);
    const isOurs = generation?.store.marker.reducer === marker.reducer;
    if (generation && isOurs && !current) current = generation;
    else if (generation?.store.complete && !isOurs && !former && !current?.store.complete) former = generation;
    else {
      await generation?.store.abandon();
      rmSync(path, { recursive: true, force: true });
    }
  }
  current ??= new Generation(join(dir, `g${(existing[0] ?? 0) + 1}`), options);
  return { current, former };
}
