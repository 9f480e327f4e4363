import { isUuid } from '@parley/contracts';
import { type TSchema, Type } from '@sinclair/typebox';
import Ajv from 'ajv';

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** Formats that schemas may name, and what a caller is told who misses one. */
const formats = {
  uuid: { check: isUuid, says: 'must be a UUID' },
  'http-url': { check: isHttpUrl, says: 'must be an http or https URL' },
} as const;

export function formatMessage(format: string): string | undefined {
  return Object.hasOwn(formats, format) ? formats[format as keyof typeof formats].says : undefined;
}

/** Never coerces: a number is not taken for a text. */
export function createAjv(): Ajv {
  const ajv = new Ajv({ allErrors: true, coerceTypes: false, useDefaults: false, allowUnionTypes: true });
  for (const [name, { check }] of Object.entries(formats)) ajv.addFormat(name, check);
  return ajv;
}

export const Uuid = (description: string) => Type.String({ format: 'uuid', description });
export const HttpUrl = (description: string) => Type.String({ format: 'http-url', description });
/** A text that is not empty. */
export const Text = (description: string) => Type.String({ minLength: 1, description });
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const OneOf = <const V extends string>(values: readonly V[], description: string) =>
  Type.Unsafe<V>({ type: 'string', enum: values, description });
