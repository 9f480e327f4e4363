#!/usr/bin/env node
// parley: what an operator does to an installation beside running it.
import { type Command, UsageError } from './commands/command';
import { failureOf } from './commands/exit-codes';
import { commands } from './commands/table';

const SEE_HELP = 'see parley --help';

function overview(): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'parley <command> [options]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'parley <command> --help tells more. Exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration.',
  ].join('\n');
}

const isHelp = (arg: string | undefined): boolean => arg === '--help' || arg === '-h';

/** The command that the arguments begin with, and what follows it. */
function find(args: readonly string[]): { readonly command: Command; readonly rest: readonly string[] } {
  for (const command of commands) {
    const words = command.name.split(' ');
    if (words.every((word, i) => args[i] === word)) return { command, rest: args.slice(words.length) };
  }
  throw new UsageError(
    args.length === 0 ? `a command is needed; ${SEE_HELP}` : `no such command: ${args[0]}; ${SEE_HELP}`,
  );
}

async function main(args: readonly string[]): Promise<void> {
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  const note = (line: string) => void process.stderr.write(`${line}\n`);
  if (isHelp(args[0])) return print(overview());
  const { command, rest } = find(args);
  if (rest.some(isHelp)) return print(command.usage);
  await command.run(rest, { env: process.env, print, note });
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const { code, text } = failureOf(error);
  process.stderr.write(`parley: ${text}\n`);
  process.exitCode = code;
});
