import { mkdirSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from 'pino';

interface Kept {
  /** Of which registry all this is. */
  readonly registry: string;
  /** By subject and fingerprint. */
  readonly ids: Record<string, number>;
  /** By id. */
  readonly schemas: Record<string, object>;
}

export interface SchemaCacheOptions {
  /** undefined: nothing is kept. */
  readonly file: string | undefined;
  /** Names the registry; what is kept of another is not used. */
  readonly registry: string;
  readonly logger: Pick<Logger, 'warn'>;
}

/**
 * What a registry has said, in a file, so that a process can start again while it is away. Only for that: a registry that
 * answers is always asked first, since one that was made anew gives other numbers.
 */
export class SchemaCache {
  private readonly kept: Kept;
  private saving: Promise<void> = Promise.resolve();
  private isDue = false;

  constructor(private readonly options: SchemaCacheOptions) {
    this.kept = read(options) ?? { registry: options.registry, ids: {}, schemas: {} };
  }

  id(key: string): number | undefined {
    return this.kept.ids[key];
  }

  schema(id: number): object | undefined {
    return this.kept.schemas[id];
  }

  putId(key: string, id: number): void {
    if (this.kept.ids[key] === id) return;
    this.kept.ids[key] = id;
    this.save();
  }

  putSchema(id: number, schema: object): void {
    if (JSON.stringify(this.kept.schemas[id]) === JSON.stringify(schema)) return;
    this.kept.schemas[id] = schema;
    this.save();
  }

  /** Resolves when all is written. */
  async close(): Promise<void> {
    await this.saving;
  }

  /** One write for all that is put while another is under way. */
  private save(): void {
    const { file } = this.options;
    if (file === undefined || this.isDue) return;
    this.isDue = true;
    this.saving = this.saving.then(async () => {
      this.isDue = false;
      try {
        mkdirSync(dirname(file), { recursive: true });
        const draft = `${file}.${process.pid}`;
        await writeFile(draft, JSON.stringify(this.kept));
        await rename(draft, file);
      } catch (err) {
        this.options.logger.warn({ err, file }, 'schemas can not be kept for a start without the registry');
      }
    });
  }
}

function read({ file, registry, logger }: SchemaCacheOptions): Kept | undefined {
  if (file === undefined) return undefined;
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Kept;
    return kept.registry === registry ? kept : undefined;
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'ENOENT') logger.warn({ err, file }, 'kept schemas can not be read');
    return undefined;
  }
}
