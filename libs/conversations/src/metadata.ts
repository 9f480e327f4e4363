import { MetadataError, ReduceError } from './errors';
import type { FlatMetadata } from './state';
import type { Json, JsonObject } from './views';

/** Levels of nesting, dots in keys and lists counted. Deeper values could overflow the stack of whoever prints them. */
const LEVELS_MAX = 32;
const LEAVES_MAX = 10_000;
/** Keys and values as JSON text together: what is published of a conversation has to fit into one record of the log. */
const CHARACTERS_MAX = 1_000_000;

export const noMetadata: FlatMetadata = Object.freeze({});

/**
 * Flattens an object to its leaves: dotted key to value as JSON text. A list is one value; an empty object vanishes.
 * A dot in a key nests as if it had been written as an object. Where a value and an object meet at one key, the later
 * wins.
 * @param prefix dotted key that all keys are put under, for example `user_data`
 * @throws METADATA_TOO_DEEP, METADATA_TOO_LARGE
 */
export function flattenMetadata(object: JsonObject, prefix?: string): FlatMetadata {
  const leaves = new Leaves(noMetadata);
  for (const [key, text] of leavesBelow(object, prefix)) leaves.put(key, text);
  return leaves.toFlat();
}

/** The object that flat metadata stands for. Its objects have no prototype: a key such as `__proto__` is a key. */
export function nestMetadata(flat: FlatMetadata): JsonObject {
  return nestEntries(Object.entries(flat).map(([key, text]) => [key, parseLeaf(text)] as const));
}

/** As nestMetadata, of values in place of their JSON text. */
export function nestEntries(entries: Iterable<readonly [string, Json]>): JsonObject {
  const root: MutableObject = Object.create(null);
  for (const [key, value] of entries) {
    const path = key.split('.');
    const leaf = path.pop() ?? '';
    let object = root;
    for (const part of path) {
      const there = object[part];
      const below: MutableObject = isObject(there) ? there : Object.create(null);
      object[part] = below;
      object = below;
    }
    object[leaf] = value;
  }
  return root;
}

/**
 * Takes keys away with all below them, then sets others. A value written over an object replaces it, and the reverse,
 * so that no key of the outcome lies below another. Returns the metadata itself where nothing changes. What is too
 * large already may shrink.
 * @throws BAD_METADATA, METADATA_TOO_DEEP, METADATA_TOO_LARGE
 */
export function mergeMetadata(metadata: FlatMetadata, set: FlatMetadata, removed: readonly string[]): FlatMetadata {
  return merge(metadata, set, removed, true);
}

/** As mergeMetadata, for the few leaves that the system itself writes: these find room however much others wrote. */
export function mergeOwnMetadata(metadata: FlatMetadata, set: FlatMetadata): FlatMetadata {
  return merge(metadata, set, [], false);
}

function merge(
  metadata: FlatMetadata,
  set: FlatMetadata,
  removed: readonly string[],
  isLimited: boolean,
): FlatMetadata {
  const written = Object.entries(set);
  if (written.length === 0 && removed.length === 0) return metadata;
  const leaves = new Leaves(metadata);
  const before = leaves.size;
  let changed = false;
  for (const key of removed) changed = leaves.takeAway(key) || changed;
  for (const [key, text] of written) {
    for (const [leaf, value] of leavesOf(key, text)) changed = leaves.put(leaf, value) || changed;
  }
  if (!changed) return metadata;
  if (isLimited) leaves.checkGrowth(before);
  return leaves.toFlat();
}

/** The value of a leaf, undefined where there is none. */
export function leafOf(metadata: FlatMetadata, key: string): Json | undefined {
  // Own keys alone: `constructor` must not find what every object inherits.
  return Object.hasOwn(metadata, key) ? parseLeaf(metadata[key] ?? 'null') : undefined;
}

/** Whether a key is another one or lies below it. */
export function isWithin(key: string, above: string): boolean {
  return key.startsWith(above) && (key.length === above.length || key[above.length] === '.');
}

export function parseLeaf(text: string): Json {
  return JSON.parse(text);
}

type MutableObject = { [key: string]: Json };

function isObject(value: Json | undefined): value is MutableObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Dotted keys above a key, shortest first. */
function* branchesOf(key: string): Generator<string> {
  for (let dot = key.indexOf('.'); dot >= 0; dot = key.indexOf('.', dot + 1)) yield key.slice(0, dot);
}

interface Size {
  readonly leaves: number;
  /** Of keys and JSON texts, UTF-16 code units. */
  readonly characters: number;
}

/** Leaves of which none lies below another. */
class Leaves {
  private readonly texts: Map<string, string>;
  /** Keys that others lie, or lay, below: most keys have none, and need no look at all the others. */
  private readonly branches = new Set<string>();
  private characters = 0;

  constructor(metadata: FlatMetadata) {
    this.texts = new Map(Object.entries(metadata));
    for (const [key, text] of this.texts) {
      this.characters += key.length + text.length;
      this.addBranches(key);
    }
  }

  get size(): Size {
    return { leaves: this.texts.size, characters: this.characters };
  }

  /** @throws METADATA_TOO_LARGE where they are beyond a limit and further than before */
  checkGrowth(before: Size): void {
    const { leaves, characters } = this.size;
    if (leaves > LEAVES_MAX && leaves > before.leaves) throw tooManyLeaves();
    if (characters > CHARACTERS_MAX && characters > before.characters) throw tooManyCharacters();
  }

  /** Whether this changed anything. */
  put(key: string, text: string): boolean {
    if (this.texts.get(key) === text) return false;
    this.takeAway(key);
    for (const above of branchesOf(key)) this.drop(above);
    this.texts.set(key, text);
    this.characters += key.length + text.length;
    this.addBranches(key);
    return true;
  }

  /** Whether this changed anything. */
  takeAway(key: string): boolean {
    let found = this.drop(key);
    if (!this.branches.has(key)) return found;
    for (const other of this.texts.keys()) {
      if (isWithin(other, key)) found = this.drop(other) || found;
    }
    return found;
  }

  toFlat(): FlatMetadata {
    return Object.fromEntries(this.texts);
  }

  private drop(key: string): boolean {
    const text = this.texts.get(key);
    if (text === undefined) return false;
    this.characters -= key.length + text.length;
    return this.texts.delete(key);
  }

  private addBranches(key: string): void {
    for (const branch of branchesOf(key)) this.branches.add(branch);
  }
}

/** What a key is set to, an object told leaf by leaf, so that it merges as such whoever wrote it. */
function leavesOf(key: string, text: string): readonly (readonly [string, string])[] {
  let value: Json;
  try {
    value = parseLeaf(text);
  } catch (cause) {
    throw new ReduceError('BAD_METADATA', `the value under ${shown(key)} is no JSON`, { cause });
  }
  if (!isObject(value)) {
    checkLevels(value, key, levelsOf(key));
    return [[key, text]];
  }
  return leavesBelow(value, key);
}

function leavesBelow(object: JsonObject, prefix: string | undefined): readonly (readonly [string, string])[] {
  const leaves: [string, string][] = [];
  let characters = 0;
  const collect = (from: JsonObject, above: string | undefined, levelsAbove: number) => {
    for (const [name, value] of Object.entries(from)) {
      const key = above === undefined ? name : `${above}.${name}`;
      const levels = levelsAbove + levelsOf(name);
      checkLevels(isObject(value) ? null : value, key, levels);
      if (isObject(value)) {
        collect(value, key, levels);
        continue;
      }
      const text = JSON.stringify(value);
      leaves.push([key, text]);
      // Counted while they are told: a long key is repeated for each leaf below it, and could fill the memory.
      characters += key.length + text.length;
      if (leaves.length > LEAVES_MAX) throw tooManyLeaves();
      if (characters > CHARACTERS_MAX) throw tooManyCharacters();
    }
  };
  collect(object, prefix, prefix === undefined ? 0 : levelsOf(prefix));
  return leaves;
}

function tooManyLeaves(): MetadataError {
  return new MetadataError('METADATA_TOO_LARGE', `more than ${LEAVES_MAX} keys`);
}

function tooManyCharacters(): MetadataError {
  return new MetadataError('METADATA_TOO_LARGE', `more than ${CHARACTERS_MAX} characters`);
}

function levelsOf(key: string): number {
  let levels = 1;
  for (let dot = key.indexOf('.'); dot >= 0; dot = key.indexOf('.', dot + 1)) levels++;
  return levels;
}

function checkLevels(value: Json, key: string, levels: number): void {
  if (levels > LEVELS_MAX) {
    throw new MetadataError('METADATA_TOO_DEEP', `more than ${LEVELS_MAX} levels at ${shown(key)}`);
  }
  if (typeof value !== 'object' || value === null) return;
  for (const below of Array.isArray(value) ? value : Object.values(value)) checkLevels(below, key, levels + 1);
}

const SHOWN_KEY_CHARACTERS = 80;

/** Keys come from outside: a message names the beginning. */
function shown(key: string): string {
  return key.length > SHOWN_KEY_CHARACTERS ? `${key.slice(0, SHOWN_KEY_CHARACTERS)}…` : key;
}
