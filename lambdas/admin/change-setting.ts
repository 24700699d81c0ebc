import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { Setting, settingKey, settingRefusals, settingValue } from './settings.ts';

/** Gives a setting another value, which holds from the next request on. What was made under the former one keeps it. It is audited. */
export const changeSetting = useCase({
  route: 'PUT /api/v1/admin/settings/{key}',
  summary: 'Change a setting',
  access: permitted('settings.manage'),
  presence: 'second_factor',
  input: z.strictObject({ key: settingKey, value: settingValue }),
  output: Setting,
  refusals: {
    ...settingRefusals,
    value_not_allowed: refuse(
      'value_not_allowed',
      422,
      'This setting does not take such a value. Its `allows` says which.',
      'value',
    ),
  },
  run({ key, value }, { db }) {
    // A text alone is no JSON on its way.
    const wanted = { value };
    return db.one(
      sql`
        select key, type, value, description, is_public, allows, updated_at
        from admin.change_setting(${key}::text, ${wanted}::jsonb -> 'value')`,
      Setting,
    );
  },
});

export const handler = http(changeSetting);
