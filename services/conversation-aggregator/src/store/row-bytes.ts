/** Rows as bytes: texts with their length before them, numbers as doubles. Only this program's own writer is read. */
import type { FlatMetadata } from '@parley/conversations';

const MEMORY_BYTES = 1 << 16;
const LENGTH_BYTES = 4;
const NUMBER_BYTES = 8;
/** In the place of a text's length. */
const NULL = 0xffff_ffff;
const EMPTY_MAP: FlatMetadata = Object.freeze({});
const EMPTY_LIST: readonly string[] = Object.freeze([]);

/** Writes one row after the other into the same memory: what was written is to be copied before the next one. */
export class RowWriter {
  private memory = Buffer.allocUnsafeSlow(MEMORY_BYTES);
  private end = 0;

  get length(): number {
    return this.end;
  }

  begin(): this {
    this.end = 0;
    return this;
  }

  copyTo(target: Buffer, at: number): number {
    return this.memory.copy(target, at, 0, this.end);
  }

  text(value: string | null): this {
    if (value === null) return this.count(NULL);
    // A UTF-16 unit takes at most three bytes.
    this.reserve(LENGTH_BYTES + value.length * 3);
    const start = this.end + LENGTH_BYTES;
    const bytes = this.memory.write(value, start);
    this.memory.writeUInt32LE(bytes, this.end);
    this.end = start + bytes;
    return this;
  }

  number(value: number): this {
    this.reserve(NUMBER_BYTES);
    this.end = this.memory.writeDoubleLE(value, this.end);
    return this;
  }

  flag(value: boolean): this {
    return this.byte(value ? 1 : 0);
  }

  byte(value: number): this {
    this.reserve(1);
    this.memory[this.end] = value;
    this.end += 1;
    return this;
  }

  list(values: readonly string[]): this {
    this.count(values.length);
    for (const value of values) this.text(value);
    return this;
  }

  map(values: FlatMetadata): this {
    const keys = Object.keys(values);
    this.count(keys.length);
    for (const key of keys) this.text(key).text(values[key] ?? '');
    return this;
  }

  numbers(values: readonly number[]): this {
    this.count(values.length);
    for (const value of values) this.number(value);
    return this;
  }

  private count(value: number): this {
    this.reserve(LENGTH_BYTES);
    this.end = this.memory.writeUInt32LE(value, this.end);
    return this;
  }

  private reserve(bytes: number): void {
    if (this.end + bytes <= this.memory.length) return;
    const larger = Buffer.allocUnsafeSlow((this.end + bytes) * 2);
    this.memory.copy(larger, 0, 0, this.end);
    this.memory = larger;
  }
}

/** Reads what a writer wrote, in the same order. @throws RangeError  the bytes are not what is asked for */
export class RowReader {
  constructor(
    private readonly memory: Buffer,
    private at = 0,
    private readonly end = memory.length,
  ) {}

  text(): string {
    const value = this.optionalText();
    if (value === null) throw new RangeError('a stored row lacks a text');
    return value;
  }

  optionalText(): string | null {
    const bytes = this.count();
    if (bytes === NULL) return null;
    const start = this.take(bytes);
    return this.memory.toString('utf8', start, this.at);
  }

  number(): number {
    return this.memory.readDoubleLE(this.take(NUMBER_BYTES));
  }

  flag(): boolean {
    return this.byte() === 1;
  }

  byte(): number {
    return this.memory.readUInt8(this.take(1));
  }

  list(): readonly string[] {
    const length = this.count();
    return length === 0 ? EMPTY_LIST : Array.from({ length }, () => this.text());
  }

  map(): FlatMetadata {
    const length = this.count();
    if (length === 0) return EMPTY_MAP;
    // fromEntries defines properties: a key such as __proto__ stays a key.
    return Object.fromEntries(Array.from({ length }, () => [this.text(), this.text()]));
  }

  numbers(): number[] {
    return Array.from({ length: this.count() }, () => this.number());
  }

  /** To be called when all was read. */
  finish(): void {
    if (this.at !== this.end) throw new RangeError(`a stored row has ${this.end - this.at} bytes too many`);
  }

  private count(): number {
    return this.memory.readUInt32LE(this.take(LENGTH_BYTES));
  }

  private take(bytes: number): number {
    const start = this.at;
    if (start + bytes > this.end) throw new RangeError('a stored row is too short');
    this.at = start + bytes;
    return start;
  }
}
