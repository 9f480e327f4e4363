import { AppError, errorReply } from '@parley/service-kit';
import type { AnswerLog, GivenAnswer } from './answer-log';
import type { Answer } from './endpoint';
import type { Seal } from './seal';

const KEY_CHARACTERS_MAX = 255;
export const IDEMPOTENCY_HEADER = 'Idempotency-Key';

export interface IdempotentCall {
  /** Uuid of caller, path and key. */
  readonly id: string;
  /** All that makes it the same request. */
  readonly request: string;
}

interface UnderWay {
  readonly fingerprint: string;
  readonly answer: Promise<Answer>;
}

/** @throws AppError INVALID_REQUEST where it is empty or too long */
export function checkKey(key: string): string {
  if (key.length === 0 || key.length > KEY_CHARACTERS_MAX) {
    throw new AppError('INVALID_REQUEST', {
      message: `${IDEMPOTENCY_HEADER} must have 1 to ${KEY_CHARACTERS_MAX} characters`,
      field: IDEMPOTENCY_HEADER,
    });
  }
  return key;
}

/**
 * Gives a repeated call the answer of the first, for as long as the topic keeps it: at once, later, after a restart
 * and at another instance. What a crash cut short between claim and answer is done again with the same ids, which
 * changes nothing twice. Answers of 500 and above are not remembered: the caller is to try again.
 */
export class Idempotency {
  private readonly underWay = new Map<string, UnderWay>();

  constructor(
    private readonly answers: AnswerLog,
    private readonly seal: Seal,
    private readonly now: () => number,
  ) {}

  /** @throws AppError IDEMPOTENCY_MISMATCH if the key stands for another request */
  async run(call: IdempotentCall, act: () => Promise<Answer>): Promise<Answer> {
    const fingerprint = this.seal.fingerprint(call.request);
    const other = this.underWay.get(call.id);
    if (other) {
      if (other.fingerprint !== fingerprint) throw mismatch();
      return other.answer;
    }
    const answer = this.decide(call.id, fingerprint, act);
    this.underWay.set(call.id, { fingerprint, answer });
    try {
      return await answer;
    } finally {
      this.underWay.delete(call.id);
    }
  }

  private async decide(id: string, fingerprint: string, act: () => Promise<Answer>): Promise<Answer> {
    await this.answers.sync();
    if (!this.answers.get(id, this.now())) await this.answers.claim(id, fingerprint, this.now());
    if (this.answers.get(id, this.now())?.fingerprint !== fingerprint) throw mismatch();
    const before = this.given(id);
    if (before) return before;
    const answer = await settled(act);
    await this.answers.answer(id, fingerprint, this.sealed(answer), this.now());
    const first = this.given(id) ?? answer;
    return answer.position ? { ...first, position: answer.position } : first;
  }

  /** The answer that is remembered; undefined if there is none, or none that the present secret opens. */
  private given(id: string): Answer | undefined {
    const entry = this.answers.get(id, this.now());
    if (!entry?.answer) return undefined;
    const { status, body } = entry.answer;
    if (body === '') return { status };
    const text = this.seal.open(body);
    return text === undefined ? undefined : { status, text };
  }

  private sealed(answer: Answer): GivenAnswer {
    const text = answer.text ?? (answer.body === undefined ? '' : JSON.stringify(answer.body));
    return { status: answer.status, body: text === '' ? '' : this.seal.seal(text) };
  }
}

/** A refusal is an answer, too. */
async function settled(act: () => Promise<Answer>): Promise<Answer> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof AppError) || error.status >= 500) throw error;
    const { status, body } = errorReply(error);
    return { status, body };
  }
}

function mismatch(): AppError {
  return new AppError('IDEMPOTENCY_MISMATCH', {
    message: `this ${IDEMPOTENCY_HEADER} was used with another request`,
    field: IDEMPOTENCY_HEADER,
  });
}
