import type { FieldKind, IndexSchema } from '../port';

/** Kind of a field; undefined for a name that is none and can't become one. */
export function fieldKind(schema: IndexSchema, name: string): FieldKind | undefined {
  if (Object.hasOwn(schema.fields, name)) return schema.fields[name];
  return schema.dynamicPrefix !== '' && name.startsWith(schema.dynamicPrefix) ? 'text' : undefined;
}
