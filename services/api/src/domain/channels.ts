import { type Channel, ids } from '@parley/contracts';
import type { FlatMetadata } from '@parley/conversations';
import { AppError, type Table } from '@parley/service-kit';
import { type Caller, type Command, maySee, notFound } from './command';
import { KeyedLock } from './keyed-lock';
import { merged, userDataKey } from './metadata';

export interface ChannelToConnect {
  readonly source: string;
  readonly sourceChannelId: string;
  /** Dotted key to value as JSON text; name among them. */
  readonly metadata: FlatMetadata;
  /** The provider's access token, null where it has none. */
  readonly token: string | null;
}

const byId = (a: Channel, b: Channel) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** Channels, for all dialects. What one call has changed, every later call sees, at any instance. */
export class Channels {
  private readonly lock = new KeyedLock();

  constructor(private readonly table: Table<'Channel'>) {}

  /** For joining names: what has been read of the table so far. */
  peek(id: string): Channel | undefined {
    return this.table.get(id);
  }

  /** Connected channels by id. @param source exact, undefined for all */
  async list(caller: Caller, source?: string): Promise<readonly Channel[]> {
    await this.table.refresh();
    return [...this.table.values()]
      .filter((c) => c.connected && maySee(caller, c.accountId) && (source === undefined || c.source === source))
      .sort(byId);
  }

  /** @throws AppError NOT_FOUND where it is unknown or disconnected */
  async getConnected(id: string, caller: Caller): Promise<Channel> {
    const found = await this.table.find(id, ({ connected }) => connected);
    return connectedOne(visible(found, caller));
  }

  /** Connecting again gives the same channel with the new metadata and token; what callers wrote to it stays. */
  connect(wanted: ChannelToConnect, command: Command): Promise<Channel> {
    const { accountId } = command.caller;
    const id = ids.channel(accountId, wanted.source, wanted.sourceChannelId);
    return this.lock.run(id, async () => {
      await this.table.sync();
      const before = this.table.get(id);
      return this.put({
        id,
        accountId,
        source: wanted.source,
        sourceChannelId: wanted.sourceChannelId,
        connected: true,
        metadata: merged(writtenByCallers(before), wanted.metadata, 'metadata'),
        token: wanted.token,
        createdAt: before?.createdAt ?? command.atMs,
        updatedAt: command.atMs,
      });
    });
  }

  update(id: string, set: FlatMetadata, command: Command): Promise<Channel> {
    return this.lock.run(id, async () => {
      const before = connectedOne(await this.toChange(id, command.caller));
      return this.put({ ...before, metadata: merged(before.metadata, set), updatedAt: command.atMs });
    });
  }

  /** @throws AppError NOT_FOUND with field id; INVALID_REQUEST with field data where it has no room */
  setUserData(id: string, set: FlatMetadata, command: Command): Promise<Channel> {
    return this.lock.run(id, async () => {
      const before = await this.toChange(id, command.caller, 'id');
      return this.put({ ...before, metadata: merged(before.metadata, set, 'data'), updatedAt: command.atMs });
    });
  }

  /**
   * Takes the channel out of use and forgets its token; its conversations stay. A second time changes nothing.
   * @throws AppError NOT_FOUND; FORBIDDEN for another source's channel
   */
  disconnect(id: string, source: string, command: Command): Promise<void> {
    return this.lock.run(id, async () => {
      const before = await this.toChange(id, command.caller);
      if (before.source !== source) {
        throw new AppError('FORBIDDEN', { message: `the channel is none of ${source}`, field: 'channel_id' });
      }
      if (before.connected) await this.put({ ...before, connected: false, token: null, updatedAt: command.atMs });
    });
  }

  /** Disconnected ones too, up to the log's end: what is not known of it would be lost. @throws AppError NOT_FOUND */
  private async toChange(id: string, caller: Caller, field?: string): Promise<Channel> {
    await this.table.sync();
    return visible(this.table.get(id), caller, field);
  }

  private async put(channel: Channel): Promise<Channel> {
    await this.table.put(channel.id, channel);
    return channel;
  }
}

function visible(channel: Channel | undefined, caller: Caller, field = 'channel_id'): Channel {
  if (!channel || !maySee(caller, channel.accountId)) throw notFound('channel', field);
  return channel;
}

function connectedOne(channel: Channel): Channel {
  if (!channel.connected) throw notFound('connected channel', 'channel_id');
  return channel;
}

function writtenByCallers(channel: Channel | undefined): FlatMetadata {
  return Object.fromEntries(Object.entries(channel?.metadata ?? {}).filter(([key]) => key.startsWith(userDataKey(''))));
}
