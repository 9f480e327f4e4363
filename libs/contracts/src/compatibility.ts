import { Type } from 'avsc';

/**
 * What keeps two versions of a schema from reading each other's data; empty where each reads the other's.
 * FULL_TRANSITIVE compatibility is this, asked of every earlier version. Source: Confluent "Schema Evolution and
 * Compatibility"; Avro specification, "Schema Resolution".
 */
export function incompatibilities(newer: object, older: object): string[] {
  const faults: string[] = [];
  const ahead = parse(newer);
  const behind = parse(older);
  if (ahead.name !== behind.name) faults.push(`the record is named ${ahead.name}, before it was ${behind.name}`);
  const backward = resolutionFault(ahead, behind);
  if (backward) faults.push(`the new schema does not read old data: ${backward}`);
  const forward = resolutionFault(behind, ahead);
  if (forward) faults.push(`the old schema does not read new data: ${forward}`);
  return faults;
}

/**
 * Whether two schemas mean the same: same names, types, defaults and aliases. What is for people (docs, order of
 * attributes, blanks, attributes of ours) may differ.
 */
export function isSameSchema(one: object, other: object): boolean {
  try {
    return meaningOf(one) === meaningOf(other);
  } catch {
    // One that can't be read is like no other.
    return false;
  }
}

function meaningOf(schema: object): string {
  const canonical = parse(schema).schema({ exportAttrs: true });
  return JSON.stringify(canonical, (key, value) => (key === 'doc' && typeof value === 'string' ? undefined : value));
}

function parse(schema: object): Type {
  // avsc's typings know wrapUnions as a boolean only; the option takes 'never' since 5.7.8.
  return Type.forSchema(schema as never, { wrapUnions: 'never' as unknown as boolean });
}

function resolutionFault(reader: Type, writer: Type): string | undefined {
  try {
    reader.createResolver(writer);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
