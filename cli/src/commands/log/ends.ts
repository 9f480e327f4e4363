import type { SchemaRegistrar, SchemaRegistry } from '@parley/contracts';
import type { Log } from '@parley/log';

export type Schemas = SchemaRegistry & SchemaRegistrar;

/** One of the two logs, with its registry. */
export interface LogEnd {
  /** As it is named on the command line. */
  readonly name: string;
  readonly log: Log;
  readonly schemas: Schemas;
}

/** Where the records come from and where they go. */
export interface Ends {
  readonly source: LogEnd;
  readonly target: LogEnd;
}
