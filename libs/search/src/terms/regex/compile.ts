import { limits } from '../../limits';
import { QueryError } from '../../port';
import type { CharSet, RegexNode } from './ast';

/** A nondeterministic automaton as a program; a state is the place of an instruction. */
export type Instruction =
  | { readonly kind: 'char'; readonly set: CharSet }
  /** Goes on at all of these places. */
  | { kind: 'split'; to: readonly number[] }
  | { readonly kind: 'match' };

/** @throws QueryError QUERY_TOO_COSTLY where repetitions written out make too many states */
export function compileRegex(node: RegexNode): readonly Instruction[] {
  const program: Instruction[] = [];
  emit(node, program);
  push(program, { kind: 'match' });
  return program;
}

function push(program: Instruction[], instruction: Instruction): void {
  if (program.length >= limits.regexStatesMax) {
    throw new QueryError('QUERY_TOO_COSTLY', `a regular expression may have ${limits.regexStatesMax} states`);
  }
  program.push(instruction);
}

function pushSplit(program: Instruction[], to: readonly number[]): { to: readonly number[] } {
  const split = { kind: 'split' as const, to };
  push(program, split);
  return split;
}

function emit(node: RegexNode, program: Instruction[]): void {
  switch (node.kind) {
    case 'chars':
      push(program, { kind: 'char', set: node.set });
      return;
    case 'sequence':
      for (const part of node.parts) emit(part, program);
      return;
    case 'choice':
      emitChoice(node.options, program);
      return;
    case 'repeat':
      emitRepeat(node.node, node.min, node.max, program);
      return;
  }
}

function emitChoice(options: readonly RegexNode[], program: Instruction[]): void {
  const begin = pushSplit(program, []);
  const starts: number[] = [];
  const jumps: { to: readonly number[] }[] = [];
  for (const option of options) {
    starts.push(program.length);
    emit(option, program);
    jumps.push(pushSplit(program, []));
  }
  begin.to = starts;
  for (const jump of jumps) jump.to = [program.length];
}

function emitRepeat(node: RegexNode, min: number, max: number | null, program: Instruction[]): void {
  // One state a turn at least, so that an empty expression repeated a billion times meets the limit too.
  for (let i = 0; i < min; i++) emitTurn(node, program);
  if (max === null) {
    const start = program.length;
    const loop = pushSplit(program, []);
    emit(node, program);
    pushSplit(program, [start]);
    loop.to = [start + 1, program.length];
    return;
  }
  const exits: { split: { to: readonly number[] }; next: number }[] = [];
  for (let i = min; i < max; i++) {
    exits.push({ split: pushSplit(program, []), next: program.length });
    emit(node, program);
  }
  for (const { split, next } of exits) split.to = [next, program.length];
}

function emitTurn(node: RegexNode, program: Instruction[]): void {
  const before = program.length;
  emit(node, program);
  if (program.length === before) pushSplit(program, [before + 1]);
}
