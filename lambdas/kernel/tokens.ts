/** Issuer of every access token. Alone in its file, so that who signs tokens does not load what verifies them. */
export const ISSUER = 'vicinity';
