import { Codec, CodecError, type RawWebhook, rawTopic, type SchemaRegistry, sourceOfRawTopic } from '@parley/contracts';
import type { LogRecord } from '@parley/log';

export type Decoded =
  | { readonly ok: true; readonly raw: RawWebhook }
  | { readonly ok: false; readonly reason: string; readonly detail: string };

/** Reads raw records; each topic has its own subjects in the registry. */
export class RawDecoder {
  private readonly codecs = new Map<string, Codec<'RawWebhook'>>();

  constructor(private readonly registry: SchemaRegistry) {}

  /** @throws RegistryError  the record's schema can't be had now: no fault of the record */
  async decode(topic: string, record: LogRecord): Promise<Decoded> {
    if (!record.value) return { ok: false, reason: 'EMPTY_RECORD', detail: 'the record has no value' };
    const codec = this.codecs.get(topic) ?? (await this.open(topic));
    try {
      return { ok: true, raw: (codec.decodeSync(record.value) ?? (await codec.decode(record.value))).value };
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      return { ok: false, reason: error.code, detail: 'the record can not be decoded' };
    }
  }

  private async open(topic: string): Promise<Codec<'RawWebhook'>> {
    const codec = await Codec.open(rawTopic(sourceOfRawTopic(topic) ?? ''), this.registry);
    this.codecs.set(topic, codec);
    return codec;
  }
}
