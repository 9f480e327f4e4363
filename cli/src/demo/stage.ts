import type { DemoSource } from './sources';

/** What a connected system gives the players to play on. */
export interface Stage {
  /** URL of ingest, as the providers know it: Twilio signs it. */
  readonly ingestUrl: string;
  readonly facebookAppSecret: string;
  readonly twilioAccountSid: string;
  readonly twilioAuthToken: string;
  /** Token of the custom source. */
  readonly sourceToken: string;
  readonly channels: Readonly<Record<DemoSource, StageChannel>>;
}

export interface StageChannel {
  readonly id: string;
  /** The source's own id: page, account, phone number, name. */
  readonly sourceChannelId: string;
}
