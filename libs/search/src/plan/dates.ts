import { type Interval, readInteger } from './numbers';

const iso =
  /^(\d{4})-(\d\d)(?:-(\d\d)(?:[Tt](\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(Z|z|[+-]\d\d(?::?\d\d)?)?)?)?$/;

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/**
 * Epoch milliseconds, or an ISO 8601 date or date-time, UTC where it has no offset. A date stands for all of its time: `2020-02` the month,
 * `2020-02-01` the day, `2020-02-01T10:30Z` the minute. So `[2020-01 TO 2020-02]` holds both months and
 * `{2020-01 TO 2020-03}` February alone.
 *
 * Every form of a date is read here; those that depend on the time of the search (`now-1d`) would get it as a parameter.
 */
export function readDate(text: string): Interval | undefined {
  return readInteger(text) ?? readIso(text);
}

function readIso(text: string): Interval | undefined {
  const match = iso.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction, offset] = match;
  const parts = { year: Number(year), month: Number(month), day: Number(day ?? 1) };
  const dayStart = utcDay(parts.year, parts.month, parts.day);
  const time = { hour: Number(hour ?? 0), minute: Number(minute ?? 0), second: Number(second ?? 0) };
  const offsetMs = readOffset(offset);
  if (dayStart === undefined || offsetMs === undefined) return undefined;
  if (time.hour > 23 || time.minute > 59 || time.second > 59) return undefined;
  if (day === undefined) {
    const next = parts.month === 12 ? utcDay(parts.year + 1, 1, 1) : utcDay(parts.year, parts.month + 1, 1);
    return next === undefined ? undefined : { min: dayStart, max: next - 1 };
  }
  const millis = Number((fraction ?? '').padEnd(3, '0').slice(0, 3));
  const min = dayStart + time.hour * hourMs + time.minute * minuteMs + time.second * secondMs + millis - offsetMs;
  return { min, max: min + precisionMs(hour, minute, second, fraction) - 1 };
}

function precisionMs(hour?: string, minute?: string, second?: string, fraction?: string): number {
  if (hour === undefined) return dayMs;
  if (minute === undefined) return hourMs;
  if (second === undefined) return minuteMs;
  return 10 ** Math.max(0, 3 - (fraction ?? '').length);
}

/** Undefined for a day that the calendar does not have. */
function utcDay(year: number, month: number, day: number): number | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : undefined;
}

function readOffset(offset: string | undefined): number | undefined {
  if (offset === undefined || offset === 'Z' || offset === 'z') return 0;
  const hours = Number(offset.slice(1, 3));
  const minutes = Number(offset.slice(3).replace(':', '') || 0);
  if (hours > 23 || minutes > 59) return undefined;
  return (offset[0] === '-' ? -1 : 1) * (hours * hourMs + minutes * minuteMs);
}
