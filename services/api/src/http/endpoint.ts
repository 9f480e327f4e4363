import type { Position } from '@parley/log';
import type { Static, TObject, TSchema } from '@sinclair/typebox';
import type { Caller, Command } from '../domain/command';

export interface ResponseSpec {
  readonly description: string;
  /** Absent: the body is empty. */
  readonly schema?: TSchema;
}

export interface Answer {
  readonly status: number;
  /** Sent as JSON; absent with `text` too for an empty body. */
  readonly body?: unknown;
  /** JSON text, where it is at hand already. */
  readonly text?: string;
  /** Of the event that the call appended. */
  readonly position?: Position;
}

interface Common<T extends TObject> {
  /** For example /conversations.set-state. */
  readonly path: string;
  /** Other spellings that are served alike. */
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly request: T;
  /** By status; errors are not listed, they are alike everywhere. */
  readonly responses: Readonly<Record<number, ResponseSpec>>;
  /** Whose token opens it: the system's (or a user's), or a custom source's. */
  readonly access: 'api' | 'source';
}

export interface Read<T extends TObject> extends Common<T> {
  readonly effect: 'read';
  readonly handle: (request: Static<T>, caller: Caller) => Promise<Answer>;
}

/** Takes an Idempotency-Key: with the same nonce its handler has the same effect. */
export interface Write<T extends TObject> extends Common<T> {
  readonly effect: 'write';
  readonly handle: (request: Static<T>, command: Command) => Promise<Answer>;
}

export type Endpoint = Read<TObject> | Write<TObject>;

/** Checks a row of a route table; what the request schema promises, its handler gets. */
export function read<T extends TObject>(row: Omit<Read<T>, 'effect'>): Endpoint {
  return { ...row, effect: 'read' } as unknown as Endpoint;
}

export function write<T extends TObject>(row: Omit<Write<T>, 'effect'>): Endpoint {
  return { ...row, effect: 'write' } as unknown as Endpoint;
}
