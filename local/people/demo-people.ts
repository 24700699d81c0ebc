import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Secret, TOTP } from 'otpauth';
import { marketplaceOf } from '../../marketplaces/index.ts';
import type { AsOwner } from './as-owner.ts';
import type { CallRoute } from './call-route.ts';

/** The one password of all demo people. They exist on this machine only, and their addresses lead nowhere. */
export const demoPassword = 'five marketplaces, one password';

export type DemoPerson = { marketplace: string; role: string; is_staff: boolean; email: string };

export type DemoPeople = {
  /** Makes those who are not there yet. Throws what a route or the database refused. */
  invite(): Promise<void>;
  /** All of them with what they sign in with; staff with the code that their authenticator shows at this moment. */
  list(now: Date): Record<string, unknown>[];
};

type Host = {
  asOwner: AsOwner;
  call: CallRoute;
  /** Where the secrets of their authenticators are kept: generated here, readable by this user only. */
  file: string;
  now(): Date;
};

/** How many are made at once: more would start more threads than two cores run. */
const AT_ONCE = 2;
const STEP = 30_000;

/** How numbers of a country begin, and how many digits follow. */
const NUMBERS: Readonly<Record<string, [prefix: string, digits: number]>> = {
  IN: ['+919810000', 3],
  PH: ['+63917000', 4],
  US: ['+1415555', 4],
};

/**
 * A person for each role of each marketplace, so that every part of the API can be tried at once. They are made as
 * people are: through the API, but for the role of staff, which the owner gives.
 */
export function createDemoPeople({ asOwner, call, file, now }: Host): DemoPeople {
  const secrets: Record<string, string> = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  let people: DemoPerson[] = [];

  /** A number of the marketplace's country for each of its people. */
  const numberOf = (person: DemoPerson): string => {
    const [prefix, digits] = NUMBERS[marketplaceOf(person.marketplace)?.country ?? ''] ?? ['+1415555', 4];
    return prefix + String(people.indexOf(person)).padStart(digits, '0');
  };

  const keyOf = ({ marketplace, email }: DemoPerson): string => `${marketplace} ${email}`;

  async function send(person: DemoPerson, path: string, body: unknown, token?: string) {
    const ip = `127.1.${people.indexOf(person)}.1`;
    const { marketplace: stage, email } = person;
    const answer = await call({ stage, method: 'POST', path: `/api/v1${path}`, body, token, ip });
    if (answer.status < 300) return answer.body;
    throw new Error(
      `The demo person ${email} of ${stage} got ${answer.status} from ${path}: ${JSON.stringify(answer.body)}`,
    );
  }

  /** Makes somebody whose contacts are proven; of staff an account that is not staff's yet. */
  async function signUp(person: DemoPerson, openRole: string) {
    const account = await send(person, '/auth/signup', {
      email: person.email,
      phone: numberOf(person),
      password: demoPassword,
      full_name: `Demo ${person.role.replaceAll('_', ' ')}`,
      roles: [person.is_staff ? openRole : person.role],
    });
    const { id } = account.user as { id: string };
    await asOwner(
      `update identity.users set email_verified_at = app.now(), phone_verified_at = app.now()
       where id = ($1->>0)::uuid returning id`,
      [id],
      person.marketplace,
    );
    return account;
  }

  /** Gives an account the role of staff in place of the open one, and the second factor without which staff may do nothing. */
  async function appoint(person: DemoPerson, openRole: string, account: Record<string, unknown>) {
    const { id } = account.user as { id: string };
    for (const [role, granted] of [
      [person.role, true],
      [openRole, false],
    ]) {
      const statement = 'select * from admin.set_user_role(($1->>0)::uuid, $1->>1, ($1->>2)::boolean)';
      await asOwner(statement, [id, role, granted], person.marketplace);
    }
    const token = String(account.access_token);
    const secret = String((await send(person, '/auth/two-factor', { password: demoPassword }, token)).secret);
    // The code before the present one is taken as well, and no code serves twice: the present one stays for signing in.
    const code = codeOf(secret, new Date(now().getTime() - STEP));
    await send(person, '/auth/two-factor/confirm', { code }, token);
    secrets[keyOf(person)] = secret;
    writeFileSync(file, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  }

  /** Does what is not done yet. An account that is complete may have been changed by whoever tried it, and is left alone. */
  async function complete(person: DemoPerson, known: Map<string, boolean>, openRole: string): Promise<void> {
    const key = keyOf(person);
    const hasSecondFactor = known.get(key);
    const credentials = { email: person.email, password: demoPassword };
    if (hasSecondFactor === undefined) {
      const account = await signUp(person, openRole);
      if (person.is_staff) await appoint(person, openRole, account);
    } else if (person.is_staff && !hasSecondFactor && secrets[key] === undefined) {
      // A start was broken off between the two.
      await appoint(person, openRole, await send(person, '/auth/login', credentials));
    }
  }

  return {
    async invite() {
      const roles = await asOwner('select marketplace, name, is_open from identity.roles order by id');
      people = roles.map(({ marketplace, name, is_open }) => ({
        marketplace: String(marketplace),
        role: String(name),
        is_staff: !is_open,
        email: `${String(name).replaceAll('_', '-')}@demo.example`,
      }));
      const rows = await asOwner(
        `select marketplace, email, two_factor_confirmed_at is not null as has_second_factor from identity.users
         where email like '%@demo.example' and deleted_at is null`,
      );
      const known = new Map(
        rows.map(row => [`${row.marketplace} ${row.email}`, row.has_second_factor === true]),
      );
      const openRoles = new Map(
        people.filter(({ is_staff }) => !is_staff).map(({ marketplace, role }) => [marketplace, role]),
      );
      const waiting = people.values();
      const work = async () => {
        for (const person of waiting) await complete(person, known, openRoles.get(person.marketplace) ?? '');
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
    },

    list: moment =>
      people.map(person => {
        const { is_staff, ...facts } = person;
        const secret = secrets[keyOf(person)];
        return {
          ...facts,
          password: demoPassword,
          ...(is_staff && secret !== undefined && { two_factor: secondFactor(secret, moment) }),
        };
      }),
  };
}

/** What an authenticator would show now, and its secret for a real one. */
const secondFactor = (secret: string, now: Date) => ({
  code: codeOf(secret, now),
  valid_for_seconds: Math.ceil((STEP - (now.getTime() % STEP)) / 1000),
  secret,
});

const codeOf = (secret: string, moment: Date): string =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: moment.getTime() });
