/** Makes a child's pino line readable; a line that is no pino line stays as it is. */

const LEVELS: Readonly<Record<number, { readonly label: string; readonly colour: string }>> = {
  10: { label: 'TRACE', colour: '\u001b[90m' },
  20: { label: 'DEBUG', colour: '\u001b[34m' },
  30: { label: 'INFO ', colour: '\u001b[32m' },
  40: { label: 'WARN ', colour: '\u001b[33m' },
  50: { label: 'ERROR', colour: '\u001b[31m' },
  60: { label: 'FATAL', colour: '\u001b[35m' },
};
export const LEVEL_INFO = 30;
export const LEVEL_WARN = 40;

const RESET = '\u001b[0m';
const DIM = '\u001b[2m';
/** Said by the columns already, or the same in every line. */
const HIDDEN = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'name', 'service', 'v']);
const CONTROL = /\p{Cc}/gu;

export interface LogLine {
  /** pino's number: 30 is info. */
  readonly level: number;
  readonly text: string;
}

export interface LineStyle {
  readonly colour: boolean;
  /** Columns that the name of the service takes. */
  readonly nameWidth: number;
}

type Fields = Readonly<Record<string, unknown>>;

/** @param line as the child wrote it, without its line end */
export function formatLine(service: string, line: string, style: LineStyle): LogLine {
  const fields = parse(line);
  if (!fields) return { level: LEVEL_INFO, text: `${clock(Date.now())}  ${service.padEnd(style.nameWidth)}  ${line}` };
  const level = typeof fields.level === 'number' ? fields.level : LEVEL_INFO;
  const { label, colour } = LEVELS[level] ?? { label: String(level).padEnd(5), colour: '' };
  const paint = (code: string, text: string) => (style.colour ? `${code}${text}${RESET}` : text);
  const head = [
    paint(DIM, clock(fields.time)),
    service.padEnd(style.nameWidth),
    paint(colour, label),
    printable(String(fields.msg ?? '')),
  ].join('  ');
  const details = Object.entries(fields)
    .filter(([key]) => !HIDDEN.has(key))
    .map(([key, value]) => `${key}=${printable(valueText(value))}`);
  const tail = details.length ? `  ${paint(DIM, details.join(' '))}` : '';
  return { level, text: head + tail + stackOf(fields) };
}

function parse(line: string): Fields | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return value !== null && typeof value === 'object' && 'level' in value ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** `HH:MM:SS.mmm`, the machine's time zone. */
function clock(time: unknown): string {
  const date = new Date(typeof time === 'number' || typeof time === 'string' ? time : Date.now());
  if (Number.isNaN(date.getTime())) return '--:--:--.---';
  const two = (n: number) => String(n).padStart(2, '0');
  const ms = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}

function valueText(value: unknown): string {
  if (isError(value)) return valueText(value.code ? `${value.code}: ${value.message}` : value.message);
  if (typeof value !== 'string') return JSON.stringify(value) ?? 'undefined';
  return value === '' || /[\s"=]/.test(value) ? JSON.stringify(value) : value;
}

interface LoggedError {
  readonly message: string;
  readonly stack?: unknown;
  readonly code?: unknown;
}

function isError(value: unknown): value is LoggedError {
  return value !== null && typeof value === 'object' && 'message' in value && typeof value.message === 'string';
}

/** The frames of a logged error below its line; the first line of a stack repeats the message. */
function stackOf({ err }: Fields): string {
  if (!isError(err) || typeof err.stack !== 'string') return '';
  const frames = err.stack.split('\n').filter((frame) => /^\s+at /.test(frame));
  return frames.map((frame) => `\n        ${printable(frame.trim())}`).join('');
}

/** What comes from outside must not move the cursor or forge a line. */
function printable(text: string): string {
  return text.replace(CONTROL, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
