import { Codec, CodecError, type RawWebhook, rawTopic, type SchemaRegistry } from '@parley/contracts';
import type { LogRecord } from '@parley/log';

export type Decoded =
  | { readonly ok: true; readonly raw: RawWebhook }
  | { readonly ok: false; readonly reason: string; readonly detail: string };

/** Reads the raw records of all sources: their topics hold the same. */
export class RawDecoder {
  private readonly codec: Codec<'RawWebhook'>;

  constructor(registry: SchemaRegistry) {
    this.codec = Codec.forReading(rawTopic('any'), registry);
  }

  /** @throws RegistryError  the record's schema can't be had now: no fault of the record */
  async decode(record: LogRecord): Promise<Decoded> {
    if (!record.value) return { ok: false, reason: 'EMPTY_RECORD', detail: 'the record has no value' };
    try {
      return { ok: true, raw: (this.codec.decodeSync(record.value) ?? (await this.codec.decode(record.value))).value };
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      return { ok: false, reason: error.code, detail: 'the record can not be decoded' };
    }
  }
}
