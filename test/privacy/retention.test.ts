import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { jpeg, postFile, UPLOADS, upload } from '../identity/profile-files.ts';
import { asOwner } from '../support/database.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp } from '../support/people.ts';
import { inScratch } from '../support/scratch.ts';

test('audit logs of six years ago are kept, those of eight years ago go with their partition', async () => {
  const left = await inScratch(async run => {
    await run(`select app.set_context('{"now": "2034-06-01T02:30:00Z"}')`);
    // What the daily run would have made in the meantime.
    for (const [year, name] of [
      [2026, 'app.audit_logs_y2026'],
      [2028, 'app.audit_logs_y2028'],
    ]) {
      const [made] = await run(`select to_regclass('${name}') is null as missing`);
      if (made.missing) {
        await run(`create table ${name} partition of app.audit_logs
          for values from (app.uuid_v7_floor('${year}-01-01Z')) to (app.uuid_v7_floor('${Number(year) + 1}-01-01Z'))`);
      }
      await run(`insert into app.audit_logs (id, marketplace, action, category, record_id)
        values (app.uuid_v7_floor('${year}-03-01Z'), 'driveway', 'test.kept', 'auth', 'year-${year}') returning id`);
    }
    await run('select * from app.rotate_partitions()');
    return run(`select record_id from app.audit_logs where action = 'test.kept' order by record_id`);
  });
  expect(left).toEqual([{ record_id: 'year-2028' }]);
});

test('nothing of somebody who has an account is ever selected, however long ago they were seen', async () => {
  const person = await signUp('driveway', { roles: ['driver', 'host'] });
  await upload(person, jpeg());
  await asOwner(
    sql`update identity.users set created_at = created_at - interval '9 years', last_active_at = app.now() - interval '9 years',
          last_login_at = app.now() - interval '9 years' where id = ${person.id}::uuid returning id`,
  );
  const held = () =>
    asOwner(
      sql`select to_jsonb(u) - 'updated_at' as account, (select jsonb_agg(to_jsonb(p)) from identity.uploads p where p.user_id = u.id) as files,
                 (select count(*) from identity.sessions s where s.user_id = u.id) as sessions,
                 (select jsonb_agg(to_jsonb(r)) from identity.user_roles r where r.user_id = u.id) as roles
          from identity.users u where u.id = ${person.id}::uuid`,
    );
  const before = await held();
  await asOwner(
    sql`select count(*) from privacy.due_purges(1000) d where d.user_id = ${person.id}::uuid`,
  ).then(([row]) => expect(row.count).toBe(0));
  await runSchedule('apply-retention');
  expect(await held()).toEqual(before);
});

const announce = { purpose: 'profile_photo', content_type: 'image/jpeg', size: 64 };
const filesOf = async ({ id }: Person) =>
  (await asOwner(sql`select id, status from identity.uploads where user_id = ${id}::uuid order by id`)).map(
    ({ status }) => status,
  );
const ageFiles = ({ id }: Person, interval: string) =>
  asOwner(
    sql`update identity.uploads set created_at = created_at - ${interval}::interval where user_id = ${id}::uuid returning id`,
  );
const objectOf = (person: Person, name: string) =>
  fetch(
    `${process.env.AWS_ENDPOINT_URL}/${process.env.UPLOADS_BUCKET}/incoming/driveway/${person.id}/${name}`,
  );

test('a file that was announced and never completed goes after a day, object and row', async () => {
  const [person, late, bystander] = [
    await signUp('driveway', { roles: ['host'] }),
    await signUp('driveway', { roles: ['host'] }),
    await signUp('driveway', { roles: ['host'] }),
  ];
  const posted = await person.post(UPLOADS, announce);
  await postFile(posted.body, jpeg());
  await person.post(UPLOADS, announce);
  await late.post(UPLOADS, announce);
  await upload(bystander, jpeg());
  await ageFiles(person, '25 hours');
  await ageFiles(late, '23 hours');
  await ageFiles(bystander, '99 days');
  const id = posted.body.upload_id;
  await runSchedule('apply-retention');
  expect(await filesOf(person)).toEqual([]);
  expect((await objectOf(person, id)).status).toBeGreaterThanOrEqual(400);
  expect((await person.post(`${UPLOADS}/${id}/complete`)).status).toBe(404);
  expect(await filesOf(late)).toEqual(['pending']);
  expect(await filesOf(bystander)).toEqual(['stored']);
});

test('a run that broke off after the file was rejected is finished by the next', async () => {
  const person = await signUp('driveway', { roles: ['host'] });
  await person.post(UPLOADS, announce);
  await ageFiles(person, '25 hours');
  await asOwner(
    sql`select count(*) from identity.expire_uploads(1000) e join identity.uploads u on u.id = e.id
        where u.user_id = ${person.id}::uuid`,
  );
  expect(await filesOf(person)).toEqual(['rejected']);
  await runSchedule('apply-retention');
  expect(await filesOf(person)).toEqual([]);
});
