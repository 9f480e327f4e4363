import { incompatibilities, RegistryError, type SchemaRegistrar, type SchemaRegistry } from '@parley/contracts';
import { claimDirectory, openOrMake } from './directory';
import type { Database, Environment } from './environment';

const LAST_ID = Buffer.from('last');
const schemaKey = (id: number) => Buffer.from(`i:${id}`);
const subjectKey = (subject: string) => Buffer.from(`s:${subject}`);

/**
 * Opens the schema registry kept beside a log; several processes may share it. Equal schemas have one id in all
 * subjects; ids begin at 1.
 * @throws DATA_DIR_FOREIGN, DATA_DIR_TORN
 */
export async function openEmbeddedRegistry(options: {
  readonly dir: string;
}): Promise<SchemaRegistry & SchemaRegistrar & { close(): Promise<void> }> {
  await claimDirectory(options.dir);
  const { environment, release } = await openOrMake(options.dir, 'registry');
  return new EmbeddedRegistry(environment, release);
}

class EmbeddedRegistry implements SchemaRegistry, SchemaRegistrar {
  constructor(
    private readonly environment: Environment,
    private readonly release: () => Promise<void>,
  ) {}

  async idOf(subject: string, schema: object): Promise<number> {
    return (await this.register(subject, schema)).id;
  }

  async register(subject: string, schema: object): Promise<{ readonly id: number; readonly isNew: boolean }> {
    const text = JSON.stringify(schema);
    const known = find(this.environment.read(), subject, text);
    if (known !== undefined) return { id: known, isNew: false };
    const outcome = await this.environment.write((db) => register(db, subject, { schema, text }));
    if ('faults' in outcome) {
      const { faults } = outcome;
      throw new RegistryError('SCHEMA_INCOMPATIBLE', `${subject}: ${faults.join('; ')}`, { subject, faults });
    }
    return outcome;
  }

  async schemaOf(id: number): Promise<object | undefined> {
    const text = this.environment.read().get(schemaKey(id))?.toString();
    return text === undefined ? undefined : (JSON.parse(text) as object);
  }

  close(): Promise<void> {
    return this.release();
  }
}

function idsOf(db: Database, subject: string): number[] {
  const text = db.get(subjectKey(subject))?.toString();
  return text === undefined ? [] : (JSON.parse(text) as number[]);
}

function textOf(db: Database, id: number): string {
  return db.get(schemaKey(id))?.toString() ?? 'null';
}

function find(db: Database, subject: string, text: string): number | undefined {
  return idsOf(db, subject).find((id) => textOf(db, id) === text);
}

function register(
  db: Database,
  subject: string,
  { schema, text }: { schema: object; text: string },
): { readonly id: number; readonly isNew: boolean } | { readonly faults: readonly string[] } {
  const known = find(db, subject, text);
  if (known !== undefined) return { id: known, isNew: false };
  const ids = idsOf(db, subject);
  const faults = ids.flatMap((id) =>
    incompatibilities(schema, JSON.parse(textOf(db, id)) as object).map((fault) => `against schema ${id}: ${fault}`),
  );
  if (faults.length > 0) return { faults };
  const last = Number(db.get(LAST_ID)?.toString() ?? '0');
  let id = Array.from({ length: last }, (_, index) => index + 1).find((other) => textOf(db, other) === text);
  if (id === undefined) {
    id = last + 1;
    db.put(LAST_ID, Buffer.from(String(id)));
    db.put(schemaKey(id), Buffer.from(text));
  }
  db.put(subjectKey(subject), Buffer.from(JSON.stringify([...ids, id])));
  return { id, isNew: true };
}
