import { type ParseArgsConfig, parseArgs } from 'node:util';

/** What a command has of the world: the rest it opens itself. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  /** A line of the result: standard output, for a program to read. */
  readonly print: (line: string) => void;
  /** A line of progress: standard error, for a person to read. */
  readonly note: (line: string) => void;
}

/** One thing that an operator can ask for. */
export interface Command {
  /** Its words, as they are typed: `log copy`. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What --help prints. */
  readonly usage: string;
  /**
   * Resolves when all is done.
   * @throws UsageError  the arguments make no sense
   * @throws CommandError  it was refused or failed, and the message tells all that a person needs
   */
  run(args: readonly string[], surroundings: Surroundings): Promise<void>;
}

/** The arguments are at fault. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Refused or failed for a reason that the message names in full: no stack is of use. */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  constructor(
    message: string,
    /** Whether it is what is configured that has to change before another try. */
    readonly isConfiguration = false,
  ) {
    super(message);
  }
}

/** As node:util's parseArgs, but what is wrong is the caller's fault. @throws UsageError */
export function parseOptions<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** A comma-separated list; undefined where the option was not given. */
export function listOf(text: string | undefined): readonly string[] | undefined {
  return text
    ?.split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
