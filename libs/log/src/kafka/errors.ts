import { isLogError, LogError } from '../errors';
import { knownError } from './kafkajs';

/** Codes that kafkajs has no name for and we meet. Source: org.apache.kafka.common.protocol.Errors */
const NEWER: Readonly<Record<number, { type: string; retriable: boolean }>> = {
  89: { type: 'THROTTLING_QUOTA_EXCEEDED', retriable: true },
  90: { type: 'PRODUCER_FENCED', retriable: false },
  94: { type: 'INCONSISTENT_VOTER_SET', retriable: false },
  100: { type: 'UNKNOWN_TOPIC_ID', retriable: true },
  103: { type: 'INCONSISTENT_TOPIC_ID', retriable: true },
};

const REFUSALS: ReadonlySet<string> = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'ILLEGAL_SASL_STATE',
  'SASL_AUTHENTICATION_FAILED',
]);

/** An error code of a broker's answer. `type` is the protocol's name as kafkajs writes it. */
export class BrokerError extends Error {
  readonly type: string;
  readonly retriable: boolean;

  constructor(readonly code: number) {
    const { type, retriable } = knownError(code) ?? NEWER[code] ?? { type: `ERROR_${code}`, retriable: false };
    super(`the broker answered ${type}`);
    this.name = 'BrokerError';
    this.type = type;
    this.retriable = retriable;
  }
}

export function isBrokerError(error: unknown, ...types: readonly string[]): error is BrokerError {
  return error instanceof BrokerError && (types.length === 0 || types.includes(error.type));
}

export function unavailable(
  what: string,
  cause: unknown,
  facts: Readonly<Record<string, unknown>> = {},
): LogError & { readonly code: 'LOG_UNAVAILABLE' } {
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  const error = new LogError('LOG_UNAVAILABLE', `${what}${reason}`, facts, cause === undefined ? undefined : { cause });
  return error as LogError & { readonly code: 'LOG_UNAVAILABLE' };
}

/** The brokers do not accept us, or we do not accept them: it does not pass. */
export function refused(what: string, cause: unknown, facts: Readonly<Record<string, unknown>> = {}): LogError {
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  return new LogError('LOG_REFUSED', `${what}${reason}`, facts, cause === undefined ? undefined : { cause });
}

/** True for failed logins, certificates that are not trusted, and rights that are missing. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof BrokerError) return REFUSALS.has(error.type);
  const { name, message = '' } = error as { name?: string; message?: string };
  return name === 'KafkaJSSASLAuthenticationError' || /certificate|altnames|ssl\/tls alert/i.test(message);
}

export function unknownTopic(topic: string): LogError {
  return new LogError('UNKNOWN_TOPIC', `there is no topic ${topic}`, { topic });
}

export function logClosed(): LogError {
  return new LogError('LOG_CLOSED', 'the log is closed');
}

/** True for what may be gone at the next try: connections, leaders, coordinators, brokers that are busy. */
export function mayPass(error: unknown): boolean {
  return isLogError(error, 'LOG_UNAVAILABLE') || (error instanceof BrokerError && error.retriable);
}
