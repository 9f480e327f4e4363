const MAGIC = 0;
const HEADER_BYTES = 5;
/**
 * Stands for a schema that the source's registry does not know either: such a record is of no use to anybody and has
 * to stay so. Its own number may be a good schema's in the other registry. Registries count from 1 in 32 bits with a
 * sign, so that none comes to this one.
 */
export const NO_SCHEMA = 2 ** 31 - 1;

/** The schema id of a value in Confluent's framing (byte 0, id in 4 bytes, Avro); undefined of any other value. */
export function schemaIdOf(value: Buffer | null): number | undefined {
  if (!value || value.length < HEADER_BYTES || value[0] !== MAGIC) return undefined;
  return value.readUInt32BE(1);
}

/** The same content under another schema id. */
export function reframed(frame: Buffer, id: number): Buffer {
  const copy = Buffer.from(frame);
  copy.writeUInt32BE(id, 1);
  return copy;
}

/** Whether two frames hold the same content, whatever their ids. */
export function sameContent(a: Buffer, b: Buffer): boolean {
  return a.subarray(HEADER_BYTES).equals(b.subarray(HEADER_BYTES));
}
