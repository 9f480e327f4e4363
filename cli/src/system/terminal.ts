import type { WriteStream } from 'node:tty';

/** Colour on a terminal only, and never with NO_COLOR (no-color.org: any value but an empty one). */
export function wantsColour(stream: Pick<WriteStream, 'isTTY'>, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}
