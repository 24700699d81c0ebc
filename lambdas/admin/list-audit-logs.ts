import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { id, instant, limit, page, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';

const values = (example: Record<string, unknown>) =>
  z.record(z.string(), z.unknown()).check(z.meta({ examples: [example] }));

const action = text(1, 100, 'admin.account_status_changed');
const category = text(1, 30, 'admin');
const tableName = text(1, 50, 'users');
const recordId = text(1, 200, '019a0e5c-7b1e-7c3a-9d2e-4f6a8b0c1d2e');
const requestId = text(1, 100, 'Qh3xJ-pRIAMEJpQ=');

const AuditLog = z.object({
  id: id('audit_log'),
  user_id: z.nullable(id('user')),
  action,
  category,
  table_name: z.nullable(tableName),
  record_id: z.nullable(recordId),
  old_values: z.nullable(values({ account_status: 'active' })),
  new_values: z.nullable(values({ account_status: 'suspended' })),
  metadata: values({ method: 'password' }),
  ip_address: z.nullable(text(1, 45, '203.0.113.7')),
  user_agent: z.nullable(text(0, 400, 'Mozilla/5.0')),
  request_id: z.nullable(requestId),
  created_at: instant,
});

/** Shows the audit log of the marketplace to its administrators, newest first. */
export const listAuditLogs = useCase({
  route: 'GET /api/v1/admin/audit-logs',
  summary: 'Read the audit log',
  access: permitted('audit_logs.read'),
  input: z.strictObject({
    user_id: z.optional(id('user')),
    action: z.optional(action),
    category: z.optional(category),
    table_name: z.optional(tableName),
    record_id: z.optional(recordId),
    request_id: z.optional(requestId),
    from: z.optional(instant),
    to: z.optional(instant),
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.uuid()]))),
  }),
  output: page(AuditLog),
  async run({ limit, cursor, ...wanted }, { db }) {
    const [before] = cursor ?? [null];
    return db.page(
      sql`select * from admin.list_audit_logs(${wanted}::jsonb, ${before}::uuid, ${limit + 1}::integer)`,
      AuditLog,
      limit,
      row => [row.id],
    );
  },
});

export const handler = http(listAuditLogs);
