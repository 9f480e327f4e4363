// Writes libs/contracts/src/generated/ from schemas/*.avsc: one TypeScript interface and the schema itself a
// record. Run by the build, the type check and the tests; its output is not kept in the repository.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const primitives = {
  null: 'null',
  boolean: 'boolean',
  int: 'number',
  long: 'number',
  float: 'number',
  double: 'number',
  bytes: 'Buffer',
  string: 'string',
};

function typeOf(schema) {
  if (Array.isArray(schema)) return schema.map(typeOf).join(' | ');
  if (typeof schema === 'string') {
    const known = primitives[schema];
    if (!known) throw new Error(`schemas: type ${schema} has no TypeScript form here`);
    return known;
  }
  if (schema.type === 'array') return `readonly (${typeOf(schema.items)})[]`;
  if (schema.type === 'map') return `Readonly<Record<string, ${typeOf(schema.values)}>>`;
  if (schema.type === 'record')
    return `Readonly<{ ${schema.fields.map((f) => `${f.name}: ${typeOf(f.type)}`).join('; ')} }>`;
  return typeOf(schema.type);
}

function interfaceOf(schema) {
  const fields = schema.fields.map((f) => `  /** ${f.doc} */\n  readonly ${f.name}: ${typeOf(f.type)};`);
  return `/** ${schema.doc} */\nexport interface ${schema.name} {\n${fields.join('\n')}\n}\n`;
}

async function writeIfChanged(path, text) {
  const before = await readFile(path, 'utf8').catch(() => undefined);
  if (before !== text) await writeFile(path, text);
}

export async function generateTypes() {
  const dir = join(root, 'schemas');
  const files = (await readdir(dir)).filter((f) => f.endsWith('.avsc')).sort();
  const schemas = await Promise.all(files.map(async (f) => JSON.parse(await readFile(join(dir, f), 'utf8'))));
  const out = join(root, 'libs/contracts/src/generated');
  await mkdir(out, { recursive: true });
  const head = '// Generated from schemas/*.avsc by scripts/generate-types.mjs. Not kept in the repository.\n';
  await writeIfChanged(join(out, 'types.ts'), `${head}\n${schemas.map(interfaceOf).join('\n')}`);
  const table = schemas.map((s) => `  ${s.name}: ${JSON.stringify(s)},`).join('\n');
  const map = schemas.map((s) => `  ${s.name}: import('./types').${s.name};`).join('\n');
  await writeIfChanged(
    join(out, 'schemas.ts'),
    `${head}\nexport const schemas = {\n${table}\n} as const;\n\nexport interface RecordTypes {\n${map}\n}\n`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await generateTypes();
