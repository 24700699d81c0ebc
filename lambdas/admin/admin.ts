import * as z from 'zod/mini';
import { Account, accountStatus, ownAccount } from '../identity/identity.ts';
import { flag, id, instant, text } from '../kernel/fields.ts';
import { refuse } from '../kernel/refusal.ts';

/** A role's name. */
export const roleName = z
  .string()
  .check(z.regex(/^[a-z][a-z0-9_]*$/), z.maxLength(40), z.meta({ examples: ['support'] }));

/** A permission's name, as `permitted()` takes it. */
export const permissionName = z
  .string()
  .check(z.regex(/^[a-z_]+(\.[a-z_]+)+$/), z.maxLength(60), z.meta({ examples: ['accounts.read'] }));

/** What staff write to a person whose account they close. The person reads it. */
export const reason = text(1, 500, 'Two guests reported that the driveway does not exist.');

/** How an account stands after staff have changed it. `until` is null where only staff end a suspension. */
export const Standing = z.object({
  id: id('user'),
  account_status: accountStatus,
  reason: z.nullable(reason),
  until: z.nullable(instant),
});

/** What staff see of an account. `permissions` are those beyond what the roles give. */
export const StaffAccount = z.extend(Account, {
  permissions: z.array(permissionName),
  reason: z.nullable(reason),
  until: z.nullable(instant),
  has_second_factor: flag,
  last_login_at: z.nullable(instant),
});

/** The roles of somebody after one was given or taken. */
export const UserRoles = z.object({ id: id('user'), roles: z.array(roleName) });

/** What somebody may do beyond their roles, after a permission was given or taken. */
export const UserPermissions = z.object({ id: id('user'), permissions: z.array(permissionName) });

/** A role and what it may do. `is_open`: anybody takes it at sign-up. */
export const Role = z.object({ name: roleName, is_open: flag, permissions: z.array(permissionName) });

/** Refusals of whatever changes an account. */
export const accountRefusals = {
  own_account: ownAccount,
  account_deleted: refuse('account_deleted', 409, 'This account has been deleted.'),
  last_super_admin: refuse('last_super_admin', 409, 'A marketplace keeps one super admin.'),
  staff_account: refuse('staff_account', 403, 'Only who manages roles may do this to an account of staff.'),
};
