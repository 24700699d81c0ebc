import { dictionary } from '@zxcvbn-ts/language-common';

// Import this file when there is a new password to judge: the list is 170 KB and lies beside the code (see lib/libraries.ts).
const passwords = new Set<string>(dictionary['passwords-common']);

/** Whether a password is among the 49,000 that breaches have shown most often. Capitals make no difference. */
export const isCommonPassword = (password: string) => passwords.has(password.toLowerCase());
