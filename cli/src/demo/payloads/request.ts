/** A request as a source makes it, ready to be sent: its signature is over exactly this body. */
export interface WebhookRequest {
  /** Below the URL of ingest, for example `/facebook`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
