import { createHash } from 'node:crypto';
import type { Channel } from '@parley/contracts';
import type { Table } from '@parley/service-kit';
import type { ChannelRef } from '@parley/sources';

/** A short name for what a reference points at, equal for equal references. */
export function channelKey(ref: ChannelRef): string {
  const parts = ref.by === 'id' ? [ref.channelId] : [ref.source, ref.sourceChannelId, ref.accountId];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

/** Every way in which a request may name the channel. */
export function keysOfChannel({ id, source, sourceChannelId, accountId }: Channel): readonly string[] {
  return [
    channelKey({ by: 'id', channelId: id }),
    channelKey({ by: 'source', source, sourceChannelId, accountId }),
    channelKey({ by: 'source', source, sourceChannelId, accountId: null }),
  ];
}

/** Finds the connected channel that a part of a request belongs to. */
export class ChannelDirectory {
  private readonly bySourceId = new Map<string, Set<string>>();
  private readonly stopListening: () => void;

  /** @param onConnected told of each channel that is connected after this, again when it changes */
  constructor(
    private readonly table: Table<'Channel'>,
    onConnected: (channel: Channel) => void,
  ) {
    for (const channel of table.values()) this.add(channel);
    this.stopListening = table.onChange((_, channel) => {
      if (!channel) return;
      this.add(channel);
      if (channel.connected) onConnected(channel);
    });
  }

  connected(): readonly Channel[] {
    return [...this.table.values()].filter((channel) => channel.connected);
  }

  /** Undefined if there is none, or it is disconnected. */
  find(ref: ChannelRef): Channel | undefined {
    if (ref.by === 'id') return this.connectedOf(ref.channelId);
    if (ref.accountId === null) return this.ofProvider(ref.source, ref.sourceChannelId);
    for (const id of this.bySourceId.get(nameOf(ref.source, ref.sourceChannelId)) ?? []) {
      const channel = this.connectedOf(id);
      if (channel?.accountId === ref.accountId) return channel;
    }
    return undefined;
  }

  /** Takes in all changes up to now. */
  sync(): Promise<void> {
    return this.table.sync();
  }

  close(): void {
    this.stopListening();
  }

  /**
   * A provider does not know our accounts. Where several have connected the same page or number, the first has it:
   * whoever connects it later must not be able to read along.
   */
  private ofProvider(source: string, sourceChannelId: string): Channel | undefined {
    const candidates = [...(this.bySourceId.get(nameOf(source, sourceChannelId)) ?? [])]
      .map((id) => this.connectedOf(id))
      .filter((channel) => channel !== undefined);
    return candidates.sort((a, b) => a.createdAt - b.createdAt || a.accountId - b.accountId)[0];
  }

  private connectedOf(id: string): Channel | undefined {
    const channel = this.table.get(id);
    return channel?.connected ? channel : undefined;
  }

  private add({ id, source, sourceChannelId }: Channel): void {
    const name = nameOf(source, sourceChannelId);
    const known = this.bySourceId.get(name);
    if (known) known.add(id);
    else this.bySourceId.set(name, new Set([id]));
  }
}

function nameOf(source: string, sourceChannelId: string): string {
  return JSON.stringify([source, sourceChannelId]);
}
