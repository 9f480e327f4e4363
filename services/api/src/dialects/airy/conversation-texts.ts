import type { Channel } from '@parley/contracts';
import type { ConversationView } from '@parley/conversations';
import { renderConversation } from './render';

interface Rendered {
  readonly version: number;
  /** The row that was joined; a changed channel is another object. */
  readonly channel: Channel | undefined;
  readonly text: string;
}

/**
 * Conversations as JSON text, remembered until they or their channel change: a page is mostly made of conversations
 * that were shown a moment ago, and joining texts costs a hundredth of rendering them.
 */
export class ConversationTexts {
  private readonly texts = new Map<string, Rendered>();

  /** @param max how many are remembered; the one used longest ago goes first */
  constructor(private readonly max = 20_000) {}

  of(view: ConversationView, channel: Channel | undefined): string {
    const known = this.texts.get(view.id);
    const current = known?.version === view.version && known.channel === channel;
    const text = current ? known.text : JSON.stringify(renderConversation(view, channel));
    this.remember(view.id, current ? known : { version: view.version, channel, text });
    return text;
  }

  /** A Map keeps the order of insertion: the first key is the one used longest ago. */
  private remember(id: string, rendered: Rendered): void {
    this.texts.delete(id);
    this.texts.set(id, rendered);
    if (this.texts.size <= this.max) return;
    for (const oldest of this.texts.keys()) {
      this.texts.delete(oldest);
      return;
    }
  }
}
