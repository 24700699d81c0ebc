/**
 * What `JSON.parse` returns: a test reads what it expects to be there, of whatever shape, and fails where it is not. Types would be
 * promises of the very code under test.
 */
export type Json = ReturnType<typeof JSON.parse>;
