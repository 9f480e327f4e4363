// Copies the present schemas to schemas/released/<version>/, against which every later change of them is tested.
// A released version may be written again until it is tagged: node scripts/release-schemas.mjs 0.1.0
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const version = process.argv[2] ?? '';
if (!/^\d+\.\d+\.\d+$/.test(version)) {
  console.error('usage: node scripts/release-schemas.mjs <major.minor.patch>');
  process.exit(1);
}
const schemas = join(dirname(fileURLToPath(import.meta.url)), '..', 'schemas');
const released = join(schemas, 'released', version);
await rm(released, { recursive: true, force: true });
await mkdir(released, { recursive: true });
const files = (await readdir(schemas)).filter((file) => file.endsWith('.avsc'));
for (const file of files) await copyFile(join(schemas, file), join(released, file));
console.log(`${files.length} schemas released as ${version}`);
