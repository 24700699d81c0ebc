import * as z from 'zod/mini';
import { flag, id, instant, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';

const Session = z.object({
  id: id('session'),
  ip: z.nullable(text(1, 45, '203.0.113.7')),
  user_agent: z.nullable(text(1, 400, 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)')),
  created_at: instant,
  last_used_at: instant,
  expires_at: instant,
  is_current: flag,
});

/** Lists where a person is signed in, the last used first. No page: the hundred newest are all that anybody reads. */
export const listSessions = useCase({
  route: 'GET /api/v1/users/me/sessions',
  summary: 'List my sessions',
  access: signedIn(),
  input: z.strictObject({}),
  output: z.object({ items: z.array(Session) }),
  async run(_input, { db, actor, session, now }) {
    const items = await db.many(
      sql`select id, host(ip) as ip, user_agent, created_at, last_used_at, expires_at, id = ${session}::uuid as is_current
          from identity.sessions
          where user_id = ${actor}::uuid and revoked_at is null and expires_at > ${now}::timestamptz
            and impersonator_session_id is null
          order by last_used_at desc, id desc
          limit 100`,
      Session,
    );
    return { items };
  },
});

export const handler = http(listSessions);
