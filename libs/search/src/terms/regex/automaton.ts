import type { Budget } from '../../limits';
import type { TermSet } from '../term-set';
import { inCharSet, type RegexNode } from './ast';
import { compileRegex, type Instruction } from './compile';
import { parseRegex } from './parse';

/**
 * Terms that a regular expression matches as a whole. No backtracking: the deterministic automaton is made as terms
 * walk through it, so a step costs a map lookup once known, and at most the number of states before.
 * @throws QueryError QUERY_SYNTAX, QUERY_TOO_COSTLY for the pattern
 */
export function regexTerms(pattern: string, at: number): TermSet {
  const node = parseRegex(pattern, at);
  const automaton = new Automaton(compileRegex(node));
  const prefix = literalPrefix(node);
  return { from: prefix, prefix, to: null, has: (term, budget) => automaton.matches(term, budget) };
}

/** Text that every match begins with. */
function literalPrefix(node: RegexNode): string {
  if (node.kind !== 'sequence') return '';
  let prefix = '';
  for (const part of node.parts) {
    const range = part.kind === 'chars' && !part.set.negated && part.set.ranges.length === 1 && part.set.ranges[0];
    if (!range || range[0] !== range[1]) break;
    prefix += String.fromCodePoint(range[0]);
  }
  return prefix;
}

/** Instructions reached at once, splits followed. */
interface State {
  readonly places: readonly number[];
  readonly accepts: boolean;
  /** By ASCII character; by code point for all others. */
  readonly nextAscii: (State | undefined)[];
  readonly next: Map<number, State>;
}

/** Known states are forgotten beyond this many, so that a pattern can't fill the memory. */
const statesMax = 2_000;

class Automaton {
  private readonly states = new Map<string, State>();
  private start: State;

  constructor(private readonly program: readonly Instruction[]) {
    this.start = this.state(this.follow([0]));
  }

  matches(term: string, budget: Budget): boolean {
    let state = this.start;
    let steps = 1;
    for (let i = 0; i < term.length && state.places.length > 0; i++) {
      const codePoint = term.codePointAt(i) ?? 0;
      if (codePoint > 0xffff) i++;
      steps++;
      const next = codePoint < 128 ? state.nextAscii[codePoint] : state.next.get(codePoint);
      state = next ?? this.step(state, codePoint, budget);
    }
    budget.spend(steps);
    return state.accepts;
  }

  private step(state: State, codePoint: number, budget: Budget): State {
    const reached: number[] = [];
    for (const place of state.places) {
      const instruction = this.program[place];
      if (instruction?.kind === 'char' && inCharSet(instruction.set, codePoint)) reached.push(place + 1);
      budget.spend(instruction?.kind === 'char' ? instruction.set.ranges.length + 1 : 1);
    }
    const places = this.follow(reached, budget);
    if (this.states.size > statesMax) {
      this.states.clear();
      this.start = this.state(this.follow([0]));
    }
    const next = this.state(places);
    if (codePoint < 128) state.nextAscii[codePoint] = next;
    else state.next.set(codePoint, next);
    return next;
  }

  private state(places: readonly number[]): State {
    const key = places.join();
    let state = this.states.get(key);
    if (!state) {
      const accepts = places.some((place) => this.program[place]?.kind === 'match');
      state = { places, accepts, nextAscii: new Array(128), next: new Map() };
      this.states.set(key, state);
    }
    return state;
  }

  /** Places of characters and matches reached from these, in order. */
  private follow(from: readonly number[], budget?: Budget): readonly number[] {
    const seen = new Set<number>();
    const open = [...from];
    const places: number[] = [];
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      if (seen.has(place)) continue;
      seen.add(place);
      const instruction = this.program[place];
      if (instruction?.kind === 'split') open.push(...instruction.to);
      else places.push(place);
    }
    budget?.spend(16 * seen.size);
    return places.sort((a, b) => a - b);
  }
}
