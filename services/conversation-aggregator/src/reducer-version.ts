/**
 * To be raised with every change of the reducer that makes another state of the same events: stores made by another
 * version are rebuilt from the log, beside the one that serves.
 */
export const REDUCER_VERSION = '1';
