/** Numbers schemas, as Confluent's registry does: the wire format names a schema by its id. */
export interface SchemaRegistry {
  /**
   * Id of a schema under a subject, registering it if it is new.
   * @param subject topic and record name: `<topic>-<namespace>.<record>` (TopicRecordNameStrategy)
   * @throws SCHEMA_INCOMPATIBLE  it is not FULL_TRANSITIVE-compatible with the subject's earlier ones
   */
  idOf(subject: string, schema: object): Promise<number>;
  /** The schema of an id, or undefined if there is none such. */
  schemaOf(id: number): Promise<object | undefined>;
}
