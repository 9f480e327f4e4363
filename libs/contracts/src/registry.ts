/** Numbers schemas, as Confluent's registry does: the wire format names a schema by its id. */
export interface SchemaRegistry {
  /**
   * Id of one of our schemas under a subject. A registry that belongs to this installation alone (the embedded one)
   * registers what is new; one that is shared is only asked, because what is registered there is decided when a
   * version is deployed and not by the first process that starts.
   * @param subject topic and record name: `<topic>-<namespace>.<record>` (TopicRecordNameStrategy)
   * @throws SCHEMA_UNREGISTERED   final: a shared registry does not have it under this subject
   * @throws SCHEMA_INCOMPATIBLE   final: registering it was refused
   * @throws REGISTRY_UNAVAILABLE  retryable
   * @throws REGISTRY_REFUSED      final: the credentials or the certificate are not accepted
   */
  idOf(subject: string, schema: object): Promise<number>;
  /**
   * The Avro schema of an id, or undefined if there is none such.
   * @throws REGISTRY_UNAVAILABLE, REGISTRY_REFUSED
   */
  schemaOf(id: number): Promise<object | undefined>;
}

/** What deploying does with a registry, and making a source. */
export interface SchemaRegistrar {
  /**
   * Registers a schema under a subject and holds the subject to FULL_TRANSITIVE from then on. Doing it again is quiet.
   * @returns its id, and whether it was new to the subject
   * @throws SCHEMA_INCOMPATIBLE  it is not FULL_TRANSITIVE-compatible with the subject's earlier ones
   * @throws REGISTRY_UNAVAILABLE, REGISTRY_REFUSED
   */
  register(subject: string, schema: object): Promise<{ readonly id: number; readonly isNew: boolean }>;
}

/** Stable codes of what can go wrong with a registry; `retryable` tells whether the same call may go through later. */
const retryable = {
  SCHEMA_UNREGISTERED: false,
  SCHEMA_INCOMPATIBLE: false,
  REGISTRY_UNAVAILABLE: true,
  REGISTRY_REFUSED: false,
} as const;

export type RegistryErrorCode = keyof typeof retryable;

export class RegistryError extends Error {
  readonly code: RegistryErrorCode;
  readonly retryable: boolean;
  /** Subject, schema id and the like, for the operator. */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(
    code: RegistryErrorCode,
    message: string,
    facts: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'RegistryError';
    this.code = code;
    this.retryable = retryable[code];
    this.facts = facts;
  }
}

export function isRegistryError(error: unknown, code?: RegistryErrorCode): error is RegistryError {
  return error instanceof RegistryError && (code === undefined || error.code === code);
}
