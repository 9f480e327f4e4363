import { EPOCH_MS_MAX } from '../json';

const ISO = /^\d{4}-\d{2}-(\d{2})T\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)$/i;

/**
 * Epoch milliseconds of a number of such, or of a date and time in ISO 8601 with Z or an offset; undefined for all
 * else, and before 1970 or after 9999. Finer fractions of a second are cut off.
 */
export function parseTime(value: unknown): number | undefined {
  const time = typeof value === 'string' ? parseIso(value) : value;
  return typeof time === 'number' && Number.isInteger(time) && time >= 0 && time <= EPOCH_MS_MAX ? time : undefined;
}

function parseIso(text: string): number | undefined {
  const day = ISO.exec(text)?.[1];
  if (day === undefined || !isDayOfMonth(text.slice(0, 10), day)) return undefined;
  // ISO 8601 allows a comma and offsets without colon or minutes; ECMA-262 does not.
  const [, dateTime = '', fraction = '', zone = ''] = /^(.{16}(?::\d{2})?)([.,]\d+)?(.+)$/.exec(text) ?? [];
  const offset = /^z$/i.test(zone) ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`;
  return Date.parse(`${dateTime}${fraction.replace(',', '.').slice(0, 4)}${offset}`);
}

/** Date.parse takes 30 February for 1 March. */
function isDayOfMonth(date: string, day: string): boolean {
  return new Date(`${date}T00:00:00Z`).getUTCDate() === Number(day);
}
