import { AppError, type FieldError } from '@parley/service-kit';
import type { Static, TObject } from '@sinclair/typebox';
import type { ErrorObject } from 'ajv';
import { createAjv, formatMessage } from './schema';

type Body = { readonly [key: string]: unknown };
export type Validate<T extends TObject> = (body: Body) => Static<T>;

const ajv = createAjv();

const article = (type: string) => (/^[aeio]/.test(type) ? `an ${type}` : `a ${type}`);

function messageOf({ keyword, params, message }: ErrorObject): string {
  switch (keyword) {
    case 'required':
      return 'is required';
    case 'type':
      return `must be ${[params.type].flat().map(article).join(' or ')}`;
    case 'format':
      return formatMessage(params.format) ?? `must be of format ${params.format}`;
    case 'enum':
      return `must be one of ${params.allowedValues.join(', ')}`;
    case 'minLength':
      return 'must not be empty';
    default:
      return message ?? 'is not valid';
  }
}

function fieldOf({ instancePath, keyword, params }: ErrorObject): string {
  const path = instancePath.split('/').slice(1);
  if (keyword === 'required') path.push(params.missingProperty);
  return path.join('.') || 'body';
}

function refuse(errors: readonly ErrorObject[], explain: Readonly<Record<string, string>>): never {
  const faults: FieldError[] = errors.map((error) => {
    const field = fieldOf(error);
    const reason = (error.keyword === 'pattern' && explain[field]) || messageOf(error);
    return { field, message: `${field} ${reason}` };
  });
  const [first] = faults;
  throw new AppError('INVALID_REQUEST', {
    message: first?.message ?? 'the body is not valid',
    field: first?.field ?? 'body',
    ...(faults.length > 1 ? { errors: faults } : {}),
  });
}

/** What a pattern means, told in its `description`. */
function explanations(schema: TObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(schema.properties).map(([name, property]) => [name, property.description ?? 'is not valid']),
  );
}

/**
 * Makes the check of a request body. Fields that the schema does not name are ignored, null stands for an optional
 * field's absence, and UUIDs come out in lower case.
 * @throws AppError INVALID_REQUEST naming the field, from the function returned
 */
export function validator<T extends TObject>(schema: T): Validate<T> {
  const check = ajv.compile<Static<T>>(schema);
  const explain = explanations(schema);
  const fields = Object.entries(schema.properties).map(([name, property]) => ({
    name,
    uuid: property.format === 'uuid',
  }));

  return (body) => {
    const picked: Record<string, unknown> = {};
    for (const { name, uuid } of fields) {
      const value = Object.hasOwn(body, name) ? body[name] : null;
      // Left out where it is required, null is told as missing.
      if (value === null) continue;
      picked[name] = uuid && typeof value === 'string' ? value.toLowerCase() : value;
    }
    if (!check(picked)) refuse(check.errors ?? [], explain);
    return picked as Static<T>;
  };
}
