import type { WriteStream } from 'node:tty';

const WIDTH = 32;
const ERASE_LINE = '\r\u001b[2K';

/** Prints lines; on a terminal with a progress bar below them, elsewhere with a line for each tenth. */
export class Screen {
  private bar = '';
  private tenth = -1;

  constructor(private readonly out: Pick<WriteStream, 'write' | 'isTTY'>) {}

  line(text = ''): void {
    this.out.write(this.bar ? `${ERASE_LINE}${text}\n${this.bar}` : `${text}\n`);
  }

  /** @param perSecond what went through in the last moments */
  progress(done: number, total: number, perSecond: number): void {
    const text = `${done} of ${total} messages, ${Math.round(perSecond)}/s`;
    const share = total === 0 ? 1 : done / total;
    if (!this.out.isTTY) {
      const tenth = Math.floor(share * 10);
      if (tenth > this.tenth) this.out.write(`  ${text}\n`);
      this.tenth = tenth;
      return;
    }
    const filled = Math.round(share * WIDTH);
    this.bar = `  ${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}  ${text}`;
    this.out.write(ERASE_LINE + this.bar);
  }

  endProgress(): void {
    if (this.bar) this.out.write('\n');
    this.bar = '';
  }
}
