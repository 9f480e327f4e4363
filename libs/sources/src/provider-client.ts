export interface ProviderCall {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ProviderAnswer {
  readonly status: number;
  readonly body: string;
}

/** Calls a provider's API. URLs come from the operator's settings, never from a caller. */
export interface ProviderClient {
  /** Undefined if no answer came: refused connection, time-out, or an answer of unreasonable size. */
  call(call: ProviderCall): Promise<ProviderAnswer | undefined>;
}

const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

/** @param timeoutMs of a whole call, the reading of the answer included */
export function openProviderClient(timeoutMs = 10_000): ProviderClient {
  return {
    async call({ method, url, headers, body }) {
      try {
        const answer = await fetch(url, {
          method,
          headers: { ...headers },
          body: body ?? null,
          redirect: 'error',
          signal: AbortSignal.timeout(timeoutMs),
        });
        if (Number(answer.headers.get('content-length') ?? 0) > ANSWER_BYTES_MAX) return undefined;
        return { status: answer.status, body: await answer.text() };
      } catch {
        // The reason names the URL, which holds tokens: it goes nowhere.
        return undefined;
      }
    },
  };
}
