import { formatLine, LEVEL_INFO } from './log-line';

const plain = { colour: false, nameWidth: 10 };
const time = new Date(2024, 4, 1, 8, 5, 9, 7).getTime();
const line = (fields: object) => JSON.stringify({ level: 30, time, pid: 1, hostname: 'h', msg: 'hello', ...fields });

describe('log lines', () => {
  it('shows time, service, level, message and the rest as key=value', () => {
    expect(formatLine('api', line({ port: 8080, path: '/a b', list: [1], gone: null }), plain)).toEqual({
      level: 30,
      text: '08:05:09.007  api         INFO   hello  port=8080 path="/a b" list=[1] gone=null',
    });
  });

  it('shows an error with its code, and its frames below', () => {
    const err = { type: 'Error', code: 'EX', message: 'it broke', stack: 'Error: it broke\n    at f (a.js:1:2)' };
    expect(formatLine('api', line({ level: 50, err }), plain).text).toBe(
      '08:05:09.007  api         ERROR  hello  err="EX: it broke"\n        at f (a.js:1:2)',
    );
  });

  it('colours only where asked', () => {
    expect(formatLine('api', line({}), plain).text).not.toContain('\u001b');
    expect(formatLine('api', line({}), { ...plain, colour: true }).text).toContain('\u001b[32mINFO ');
  });

  it.each(['plain words', '{broken', '{"no":"level"}', ''])('passes %p through', (text) => {
    const formatted = formatLine('api', text, plain);
    expect(formatted.level).toBe(LEVEL_INFO);
    expect(formatted.text.endsWith(`  ${text}`)).toBe(true);
  });

  it('lets no message forge a line or a colour', () => {
    const { text } = formatLine('api', line({ msg: 'a\nb\u001b[31m', key: 'x\r\ny' }), plain);
    expect(text).not.toMatch(/\p{Cc}/u);
  });
});
