import { ids, type Tag } from '@parley/contracts';
import type { Table } from '@parley/service-kit';
import { type Caller, type Command, maySee, notFound } from './command';
import { KeyedLock } from './keyed-lock';

export const tagColors = ['tag-red', 'tag-blue', 'tag-green', 'tag-purple'] as const;
export type TagColor = (typeof tagColors)[number];

/** Tags, for all dialects. Names need not be unique. */
export class Tags {
  private readonly lock = new KeyedLock();

  constructor(private readonly table: Table<'Tag'>) {}

  /** Oldest first. */
  async list(caller: Caller): Promise<readonly Tag[]> {
    await this.table.refresh();
    return [...this.table.values()]
      .filter((tag) => maySee(caller, tag.accountId))
      .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  }

  /** For a change that depends on it: up to the log's end. */
  async find(id: string, caller: Caller): Promise<Tag | undefined> {
    await this.table.sync();
    const found = this.table.get(id);
    return found && maySee(caller, found.accountId) ? found : undefined;
  }

  async create(name: string, color: TagColor, command: Command): Promise<Tag> {
    const { accountId } = command.caller;
    const tag: Tag = { id: ids.ofCommand('tag', command.nonce), accountId, name, color, createdAt: command.atMs };
    await this.table.put(tag.id, tag);
    return tag;
  }

  /** Fields that are not given stay. @throws AppError NOT_FOUND */
  update(id: string, set: { readonly name?: string; readonly color?: TagColor }, command: Command): Promise<void> {
    return this.lock.run(id, async () => {
      const before = await this.get(id, command.caller);
      await this.table.put(id, { ...before, name: set.name ?? before.name, color: set.color ?? before.color });
    });
  }

  /** Conversations keep the id. @throws AppError NOT_FOUND */
  delete(id: string, command: Command): Promise<void> {
    return this.lock.run(id, async () => {
      await this.get(id, command.caller);
      await this.table.remove(id);
    });
  }

  private async get(id: string, caller: Caller): Promise<Tag> {
    const found = await this.find(id, caller);
    if (!found) throw notFound('tag', 'id');
    return found;
  }
}
