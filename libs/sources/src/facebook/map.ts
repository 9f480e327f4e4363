import type { RawWebhook } from '@parley/contracts';
import { epochMs, isObject, parseJson, type UnknownObject } from '../json';
import type { MapContext, MappedItem } from '../port';
import { mapElement } from './element';

const sources: Readonly<Record<string, string>> = { page: 'facebook', instagram: 'instagram' };

/** Updates wait in `messaging`, or in `standby` while another app answers the conversation. */
const lists = ['messaging', 'standby'] as const;

export function mapFacebook(raw: RawWebhook, context: MapContext): readonly MappedItem[] {
  const request = parseJson(raw.body);
  if (!isObject(request)) return [fault('', 'BAD_BODY', 'the body is no JSON object')];
  if (!Array.isArray(request.entry)) return [fault('entry', 'BAD_BODY', 'there is no list of entries')];
  const source = typeof request.object === 'string' ? sources[request.object] : undefined;
  const entries: readonly unknown[] = request.entry;
  return entries.flatMap((entry, index) => {
    const path = `entry.${index}`;
    if (!source) return [fault(path, 'UNKNOWN_KIND', 'object is neither page nor instagram')];
    if (!isObject(entry)) return [fault(path, 'BAD_ITEM', 'the entry is no object')];
    return mapEntry(entry, { path, source, raw, context });
  });
}

interface EntryContext {
  readonly path: string;
  readonly source: string;
  readonly raw: RawWebhook;
  readonly context: MapContext;
}

function mapEntry(entry: UnknownObject, { path, source, raw, context }: EntryContext): readonly MappedItem[] {
  const present = lists.filter((name) => entry[name] !== undefined);
  if (!present.length) {
    return entry.changes === undefined
      ? [fault(path, 'UNKNOWN_KIND', 'the entry has neither messaging nor standby')]
      : [{ kind: 'ignored', path, reason: 'changes: about the page, not about a conversation' }];
  }
  const receivedAt = epochMs(entry.time) ?? raw.receivedAt;
  return present.flatMap((name) => {
    const elements: unknown = entry[name];
    if (!Array.isArray(elements)) return [fault(`${path}.${name}`, 'BAD_ITEM', 'no list of updates')];
    return elements.flatMap((element: unknown, index): readonly MappedItem[] => {
      const at = `${path}.${name}.${index}`;
      if (!isObject(element)) return [fault(at, 'BAD_ITEM', 'the update is no object')];
      return [mapElement(element, { path: at, source, pageId: entry.id, receivedAt, context })];
    });
  });
}

function fault(path: string, reason: 'BAD_BODY' | 'BAD_ITEM' | 'UNKNOWN_KIND', detail: string): MappedItem {
  return { kind: 'fault', path, reason, detail };
}
