import type { Command } from './command';
import { deploy } from './deploy';
import { logCopy } from './log-copy';
import { logStates } from './log-states';

/** All commands of `parley`. */
export const commands: readonly Command[] = [deploy, logCopy, logStates];
