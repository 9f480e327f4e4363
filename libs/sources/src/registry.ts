import { chatplugin } from './chatplugin';
import { custom } from './custom';
import { facebook } from './facebook';
import type { ConnectChannel, SourceAdapter } from './port';
import { twilio } from './twilio';

/** One line a source. */
export const builtInAdapters: readonly SourceAdapter[] = [chatplugin, facebook, twilio];

const byRawName = new Map(builtInAdapters.map((adapter) => [adapter.name, adapter]));
const bySource = new Map(
  builtInAdapters.flatMap((adapter) => adapter.sources.map((source) => [source, adapter] as const)),
);

/** The adapter that reads `source.<name>.events`; any name that is not built in is a custom source's. */
export function adapterOfRaw(name: string): SourceAdapter {
  return byRawName.get(name) ?? custom;
}

/** The adapter of a channel's source. */
export function adapterOfSource(source: string): SourceAdapter {
  return bySource.get(source) ?? custom;
}

/** What `channels.<source>.connect` does; undefined for sources without it. */
export function connectOf(source: string): ConnectChannel | undefined {
  const { connect } = adapterOfSource(source);
  return Object.hasOwn(connect, source) ? connect[source] : undefined;
}

/** Names that a custom source can't have: they are a source's, or a raw topic's, of ours. */
export function isBuiltInSource(name: string): boolean {
  return bySource.has(name) || byRawName.has(name);
}

/** Names become topic names: what Kafka allows in one, in lower case, with room for what stands around it. */
const CUSTOM_SOURCE = /^[a-z0-9][a-z0-9._-]{0,199}$/;

/** Whether a custom source may be called so. */
export function isCustomSourceName(name: string): boolean {
  return CUSTOM_SOURCE.test(name) && !isBuiltInSource(name);
}
