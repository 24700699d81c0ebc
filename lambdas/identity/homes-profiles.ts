import * as z from 'zod/mini';
import { count, instant, text } from '../kernel/fields.ts';
import { refuse } from '../kernel/refusal.ts';

const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.nullable(z.enum(values).check(z.meta({ examples: [values[0]] })));

const languages = z.nullable(z.array(text(2, 40, 'Hindi')).check(z.minLength(1), z.maxLength(10)));
const about = z.nullable(text(1, 1000, 'Quiet, cooks on Sundays.'));

/** What a tenant says of how they live. Each that is filled adds a tenth to the completeness. */
const tenant = {
  about,
  occupation: z.nullable(text(1, 100, 'Software engineer')),
  employer: z.nullable(text(1, 100, 'Infosys')),
  food_preference: oneOf(['vegetarian', 'vegan', 'eggetarian', 'non_vegetarian', 'any']),
  smoking: oneOf(['never', 'outside', 'yes']),
  drinking: oneOf(['never', 'socially', 'yes']),
  pets: oneOf(['none', 'has_pets', 'likes_pets']),
  sleep_schedule: oneOf(['early', 'late', 'flexible']),
  guests: oneOf(['rarely', 'sometimes', 'often']),
  languages,
};

/** What a host says of themselves and their business. An owner has none: the business does not count for them. */
const host = {
  about,
  business_name: z.nullable(text(1, 200, 'Rao Homes')),
  business_registration: z.nullable(text(1, 50, 'PRM/KA/RERA/1251/446/AG/210129')),
  business_city: z.nullable(text(1, 100, 'Bengaluru')),
  website: z.nullable(
    z
      .url({ protocol: /^https?$/, hostname: z.regexes.domain })
      .check(z.maxLength(300), z.meta({ examples: ['https://rao.example.com'] })),
  ),
  years_of_experience: z.nullable(count(0, 80, 6)),
  languages,
};

const hostCategory = z.enum(['owner', 'broker', 'company']).check(z.meta({ examples: ['owner'] }));

const kept = { profile_completeness: count(0, 100, 70), created_at: instant, updated_at: instant };

export const TenantProfile = z.object({ ...tenant, ...kept });
export const HostProfile = z.object({
  host_category: hostCategory,
  ...host,
  avg_rating: z.nullable(z.number().check(z.minimum(1), z.maximum(5), z.meta({ examples: [4.8] }))),
  ...kept,
});

/** What is left out is not filled, or stays. */
export const tenantFields = z.partial(z.strictObject(tenant));
export const hostFields = z.partial(z.strictObject({ host_category: hostCategory, ...host }));
export const newHostFields = z.required(hostFields, { host_category: true });

export const profileExists = refuse('profile_exists', 409, 'You have this profile already. Change it.');

export const businessNameRequired = {
  host_profiles_business_check: refuse(
    'business_name_required',
    422,
    'Brokers and companies have a business name.',
    'business_name',
  ),
};
