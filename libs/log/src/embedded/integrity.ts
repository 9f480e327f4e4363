import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { LogError } from '../errors';

/*
 * LMDB maps its file and trusts it: a file that was cut off ends the process with SIGBUS at the first read behind its
 * end, and an empty one becomes a new, empty database. So we look first, with the layout of lmdb 3's data format 2
 * (struct MDB_meta, MDB_page and MDB_node in its mdb.c, little-endian 64 bits).
 */
const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const PAGE_HEADER_BYTES = 24;
const META_BYTES = 200;
const NODE_HEADER_BYTES = 8;
const BRANCH = 0x01;
const LEAF = 0x02;
const OVERFLOWS = 0x01;
const SUB_DATABASE = 0x02;
const NO_PAGE = 0xffff_ffff_ffff_ffffn;

interface Meta {
  readonly pageBytes: number;
  readonly roots: readonly bigint[];
  readonly lastPage: bigint;
  readonly txn: bigint;
}

/**
 * Tells whether the LMDB file in a folder may be opened.
 * @throws DATA_DIR_TORN     it is missing or cut off
 * @throws DATA_DIR_FOREIGN  it is no LMDB file, or one of another format
 */
export function checkEnvironmentFile(folder: string): void {
  const path = join(folder, 'data.mdb');
  if (!existsSync(path)) throw torn(path, 'is missing');
  // The layout above is that of the machines we know; elsewhere LMDB's own checks have to do.
  if (endianness() !== 'LE') return;
  const fd = openSync(path, 'r');
  try {
    // The size is taken first: a writer in another process may add pages while we look, never take some away.
    checkFile(path, fd);
  } finally {
    closeSync(fd);
  }
}

function checkFile(path: string, fd: number): void {
  const { size } = fstatSync(fd);
  if (size < META_BYTES) throw torn(path, `has ${size} bytes, too few for its first page`);
  const first = readMeta(path, readAt(fd, 0, META_BYTES));
  if (size < 2 * first.pageBytes) throw torn(path, `has ${size} bytes, too few for its two meta pages`);
  const second = readMeta(path, readAt(fd, first.pageBytes, META_BYTES));
  const meta = second.txn > first.txn ? second : first;
  const pages = BigInt(Math.floor(fstatSync(fd).size / meta.pageBytes));
  if (pages > meta.lastPage) return;
  // Pages at the end that nothing uses any more need not have been written. So ask what is used.
  const missing = firstMissingPage(fd, meta, pages);
  if (missing !== undefined) {
    throw torn(path, `has ${pages} pages of ${meta.pageBytes} bytes, but its data reaches page ${missing}`);
  }
}

function readAt(fd: number, at: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  readSync(fd, buffer, 0, bytes, at);
  return buffer;
}

function readMeta(path: string, page: Buffer): Meta {
  const at = PAGE_HEADER_BYTES;
  if (page.readUInt32LE(at) !== MAGIC) throw foreign(path, 'is no LMDB file');
  const version = page.readUInt32LE(at + 4);
  if (version !== DATA_VERSION)
    throw foreign(path, `has LMDB data format ${version}, this program reads ${DATA_VERSION}`);
  const pageBytes = page.readUInt32LE(at + 24);
  if (pageBytes < 512 || pageBytes > 65_536) throw torn(path, `has an impossible page size, ${pageBytes}`);
  return {
    pageBytes,
    roots: [page.readBigUInt64LE(at + 64), page.readBigUInt64LE(at + 112)],
    lastPage: page.readBigUInt64LE(at + 120),
    txn: page.readBigUInt64LE(at + 128),
  };
}

function firstMissingPage(fd: number, meta: Meta, pages: bigint): bigint | undefined {
  const open = meta.roots.filter((root) => root !== NO_PAGE);
  for (let number = open.pop(); number !== undefined; number = open.pop()) {
    if (number >= pages) return number;
    const page = readAt(fd, Number(number) * meta.pageBytes, meta.pageBytes);
    const flags = page.readUInt16LE(18);
    const nodes = page.readUInt16LE(20) >> 1;
    for (let node = 0; node < nodes; node++) {
      const at = page.readUInt16LE(PAGE_HEADER_BYTES + 2 * node) + PAGE_HEADER_BYTES;
      if (at + NODE_HEADER_BYTES > page.length) return number;
      const low = BigInt(page.readUInt32LE(at));
      const nodeFlags = page.readUInt16LE(at + 4);
      const dataAt = at + NODE_HEADER_BYTES + page.readUInt16LE(at + 6);
      if (flags & BRANCH) open.push(low | (BigInt(nodeFlags) << 32n));
      else if (flags & LEAF && nodeFlags & OVERFLOWS) {
        const last = page.readBigUInt64LE(dataAt) + page.readBigUInt64LE(dataAt + 16) - 1n;
        if (last >= pages) return last;
      } else if (flags & LEAF && nodeFlags & SUB_DATABASE) {
        const root = page.readBigUInt64LE(dataAt + 40);
        if (root !== NO_PAGE) open.push(root);
      }
    }
  }
  return undefined;
}

export function torn(path: string, what: string): LogError {
  return new LogError(
    'DATA_DIR_TORN',
    `${path} ${what}. Nothing was changed. Bring the data directory back from a backup, or move it away to begin with an empty log.`,
    { path },
  );
}

export function foreign(path: string, what: string): LogError {
  return new LogError(
    'DATA_DIR_FOREIGN',
    `${path} ${what}. Nothing was changed. Name another data directory, or move this one away.`,
    { path },
  );
}
