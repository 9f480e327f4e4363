import { RecentMap } from '../store/recent-map';

const ENTRIES = 10_000;
/** Longer texts are made anew each time: few, and they would crowd out the others. */
const TEXT_LENGTH_MAX = 16_384;

/** JSON texts of conversations as they are now. Whoever changes a conversation deletes its text. */
export class ViewCache {
  private readonly texts = new RecentMap<string, string>(ENTRIES);

  get(id: string, make: () => string | undefined): string | undefined {
    const held = this.texts.get(id);
    if (held !== undefined) return held;
    const text = make();
    if (text !== undefined && text.length <= TEXT_LENGTH_MAX) this.texts.set(id, text);
    return text;
  }

  delete(id: string): void {
    this.texts.delete(id);
  }
}
