-- Keys of sealed values (see lambdas/kernel/seal.ts), wrapped by KMS: who reads this table can open nothing with it.
create table app.data_keys (
  id uuid not null default app.uuid_v7() constraint data_keys_pkey primary key,
  wrapped text not null,
  created_at timestamptz not null default app.now()
);
select app.protect('app.data_keys');
