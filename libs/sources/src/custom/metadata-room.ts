import { isObject, isPrintable, type UnknownObject } from '../json';

/** Of one entry, its dotted keys and JSON texts together: it becomes one event. */
const ENTRY_BYTES_MAX = 1_000_000;
/** Of all entries of a call: a key that many values lie below is repeated for each of them. */
const CALL_BYTES_MAX = 16_000_000;

/** Measures a call's metadata before it is flattened, since that is when it grows. */
export class MetadataRoom {
  private left = CALL_BYTES_MAX;

  /** What is wrong with an entry's metadata, without its field's name; undefined if there is room for it. */
  faultOf(metadata: UnknownObject): string | undefined {
    if (!isPrintable(metadata)) return 'is nested too deeply';
    const bytes = flatBytes(metadata, ENTRY_BYTES_MAX);
    if (bytes > ENTRY_BYTES_MAX) return `has more than ${ENTRY_BYTES_MAX} bytes of dotted keys and values`;
    this.left -= bytes;
    return this.left < 0 ? `brings the call to more than ${CALL_BYTES_MAX} bytes of dotted keys and values` : undefined;
  }
}

/** Exact up to `max`; beyond, it stops counting. */
function flatBytes(metadata: UnknownObject, max: number): number {
  let bytes = 0;
  const count = (object: UnknownObject, keyAbove: number) => {
    for (const [name, value] of Object.entries(object)) {
      const key = keyAbove + Buffer.byteLength(name);
      if (isObject(value)) count(value, key + 1);
      else bytes += key + Buffer.byteLength(JSON.stringify(value));
      if (bytes > max) return;
    }
  };
  count(metadata, 0);
  return bytes;
}
