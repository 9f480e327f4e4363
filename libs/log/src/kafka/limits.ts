/** Most bytes of a record's key, headers and value together: the embedded log's limit, so that what fits one fits both. */
export const RECORD_BYTES_MAX = 16 * 2 ** 20;

/**
 * Most bytes of one record batch, `max.message.bytes` of the topics we make. All records of one append that share a
 * partition are one batch; the largest record fits twice.
 */
export const BATCH_BYTES_MAX = 32 * 2 ** 20;
