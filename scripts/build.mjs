// Compiles every workspace's src/ into its dist/. Types are checked apart (npm run typecheck), so that
// `npm start` on a fresh machine pays a second, not a type check.
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';
import { generateTypes } from './generate-types.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

async function* sources(dir) {
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'dist' && entry.name !== 'node_modules') yield* sources(path);
    } else if (entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts') && !entry.name.endsWith('.d.ts')) {
      yield path;
    }
  }
}

async function children(dir) {
  return (await readdir(join(root, dir), { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(root, dir, entry.name));
}

async function modifiedMs(path) {
  return stat(path).then(
    (s) => s.mtimeMs,
    () => -1,
  );
}

async function compile(file, from, to) {
  const out = join(to, relative(from, file)).replace(/\.ts$/, '.js');
  if ((await modifiedMs(out)) > (await modifiedMs(file))) return out;
  const { code, map } = await transform(await readFile(file, 'utf8'), {
    filename: file,
    configFile: false,
    swcrc: false,
    sourceMaps: true,
    module: { type: 'commonjs', importInterop: 'swc' },
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
  });
  await mkdir(dirname(out), { recursive: true });
  await writeFile(`${out}.map`, map);
  await writeFile(out, `${code}\n//# sourceMappingURL=${relative(dirname(out), out)}.map\n`);
  return out;
}

/** Deletes what no source stands behind any more, so that a removed file can't go on running. */
async function prune(to, kept) {
  const entries = await readdir(to, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !kept.has(path.replace(/\.map$/, ''))) await rm(path);
  }
}

async function compileTree(from, to) {
  const kept = new Set();
  const work = [];
  for await (const file of sources(from)) work.push(compile(file, from, to).then((out) => kept.add(out)));
  await Promise.all(work);
  await prune(to, kept);
}

export async function build() {
  await generateTypes();
  const packages = [
    ...(await children('libs')),
    ...(await children('services')),
    ...(await children('dev')),
    join(root, 'cli'),
  ];
  await Promise.all([
    ...packages.map((dir) => compileTree(join(dir, 'src'), join(dir, 'dist'))),
    compileTree(join(root, 'bench'), join(root, 'bench', 'dist')),
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();
