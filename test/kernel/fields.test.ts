import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { text } from '../../lambdas/kernel/fields.ts';
import { newAccount } from '../identity/accounts.ts';
import { signUp } from '../support/people.ts';

const name = text(1, 100, 'Asha Rao');
const letter = text(1, 500, 'Two lines.');
const takes = (field: typeof name, value: string) => z.safeParse(field, value).success;

const UNSEEN = {
  NUL: '\u0000',
  'a bell': '\u0007',
  'an escape': '\u001b',
  'a delete': '\u007f',
  'a next line': '\u0085',
  'an embedding from right to left': '\u202b',
  'an override from right to left': '\u202e',
  'an isolate from right to left': '\u2067',
  'the end of an isolate': '\u2069',
  'half of a character': '\ud83d',
};

describe('a text', () => {
  test.each(Object.entries(UNSEEN))('refuses %s, however long it may be', (_, mark) => {
    expect(takes(name, `As${mark}ha`)).toBe(false);
    expect(takes(letter, `As${mark}ha`)).toBe(false);
  });

  test.each(['\n', '\r', '\t'])('that may be long has %j inside, a name has not', mark => {
    expect(takes(letter, `One.${mark}Two.`)).toBe(true);
    expect(takes(name, `Asha${mark}Rao`)).toBe(false);
  });

  test.each([
    'Zoë Ångström',
    'आशा राव',
    'علي',
    'Nguyễn Thị Hà',
    '山田 太郎',
    'क्‍ष',
    '👩‍👩‍👧',
    'O’Brien-Dela Cruz',
  ])('takes %s as it is', written => {
    expect(z.parse(name, written)).toBe(written);
    expect(z.parse(letter, written)).toBe(written);
  });

  test('loses what stands around it', () => {
    expect(z.parse(name, ' \n Asha Rao\t')).toBe('Asha Rao');
  });
});

test('a name that shows another than it is is refused by name, at sign-up and in the profile', async () => {
  const person = await signUp('driveway', { roles: ['host'] });
  for (const full_name of ['Asha\u202eoaR', 'Asha\nRao', 'Asha\u0000']) {
    const answer = await person.put('/api/v1/users/me', { full_name });
    expect(answer.body).toMatchObject({
      status: 400,
      errors: [{ field: 'full_name', message: 'must not contain control characters or broken ones' }],
    });
    await expect(newAccount({ full_name })).rejects.toThrow('full_name');
  }
});
