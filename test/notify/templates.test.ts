import { expect, test } from 'vitest';
import { fillTemplate } from '../../lambdas/notify/fill-template.ts';
import { templateNames, templateOf } from '../../lambdas/notify/templates.ts';
import { bookingVariables } from './notices.ts';

const variables = {
  ...bookingVariables,
  wanted_starts_at: '2026-12-22T18:00:00+00:00',
  wanted_ends_at: '2026-12-22T20:00:00+00:00',
  request_expires_at: '2026-12-01T18:00:00+00:00',
  marketplace: 'Driveway-Hub',
  code: '042137',
  happened_at: '2026-12-01T18:00:00+00:00',
  name: 'Tenant Premium',
  amount: '149900.00 INR',
  description: 'Booking DRV-2026-000042',
  account: 'State Bank of India ••••1234',
  usable_at: '2026-12-02T18:00:00+00:00',
  document: 'business registration',
  expires_on: '2026-12-31',
  reason: 'Two guests reported that the driveway does not exist.',
  closes_at: '2026-12-08T20:00:00+00:00',
  review_url: 'https://driveway.example/bookings/019a0e5c-7b1e-7c3a-9d2e-4f6a8b0c1d2e/review',
};

test.each(templateNames)('%s can be filled for every channel', name => {
  const { template } = templateOf(name, 'en');
  for (const text of [template.subject, template.text, template.short]) {
    expect(fillTemplate(text, variables, 'en-US')).not.toMatch(/[{}]/);
  }
  for (const parameter of template.whatsapp) expect(Object.keys(variables)).toContain(parameter);
});

test.each(templateNames)('%s costs one text message', name => {
  const text = fillTemplate(templateOf(name, 'en').template.short, variables, 'en-US');
  expect(text.length).toBeLessThanOrEqual(160);
});

test.each(templateNames.filter(name => name.endsWith('_code')))(
  '%s takes the code alone in WhatsApp',
  name => {
    expect(templateOf(name, 'en').template.whatsapp).toEqual(['code']);
  },
);

test.each(templateNames)('the subject of %s shows no code: it stands on locked screens', name => {
  expect(templateOf(name, 'en').template.subject).not.toContain('{code}');
});

test('a language without translations reads English, and a regional one its base', () => {
  expect(templateOf('booking_confirmed', 'fr').language).toBe('en');
  expect(templateOf('booking_confirmed', 'en-IN').language).toBe('en');
});

test('an instant is written as wall time in the zone beside it', () => {
  const text = fillTemplate('{starts_at}', { ...variables, time_zone: 'Asia/Kolkata' }, 'en-IN');
  expect(text).toMatch(/1 Dec 2026, 11:30\spm/);
});

test('a variable that is missing fails rather than reaching a reader', () => {
  expect(() => fillTemplate('Hello {name}', {}, 'en')).toThrow('The message has no variable name.');
});
