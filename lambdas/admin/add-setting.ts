import * as z from 'zod/mini';
import { flag } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import {
  Setting,
  settingDescription,
  settingKey,
  settingRefusals,
  settingType,
  settingValue,
} from './settings.ts';

/** Adds a setting that no release knows yet, such as a flag of a feature: apps read it where it is public, and code by its key. */
export const addSetting = useCase({
  route: 'POST /api/v1/admin/settings',
  summary: 'Add a setting',
  access: permitted('settings.manage'),
  presence: 'second_factor',
  input: z.strictObject({
    key: settingKey,
    type: settingType,
    value: settingValue,
    description: settingDescription,
    is_public: z._default(flag, false),
  }),
  output: Setting,
  status: 201,
  refusals: {
    ...settingRefusals,
    too_many_settings: refuse('too_many_settings', 409, 'A marketplace has a hundred settings at most.'),
    settings_pkey: refuse('setting_exists', 409, 'There is a setting of this key.', 'key'),
  },
  run: (details, { db }) =>
    db.one(
      sql`
        select key, type, value, description, is_public, allows, updated_at
        from admin.add_setting(${details}::jsonb)`,
      Setting,
    ),
});

export const handler = http(addSetting);
