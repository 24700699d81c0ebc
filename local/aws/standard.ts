import { arnOf } from './account.ts';
import type { KeyStore } from './kms/key-store.ts';
import type { RdsData } from './rds-data/rds-data.ts';
import type { Secrets } from './secrets-manager.ts';

/** The resources that are there without a template, for tests of what stands on the endpoint. */
export type Standard = {
  clusterArn: string;
  secrets: { owner: string; api: string; worker: string };
  keys: { tokenKeyArn: string; hashKeyArn: string; dataKeyArn: string };
};

const standard: Standard = {
  clusterArn: arnOf('rds', 'cluster:vicinity-standard'),
  secrets: {
    owner: arnOf('secretsmanager', 'secret:standard-owner-AAAAAA'),
    api: arnOf('secretsmanager', 'secret:standard-api-AAAAAA'),
    worker: arnOf('secretsmanager', 'secret:standard-worker-AAAAAA'),
  },
  keys: {
    tokenKeyArn: arnOf('kms', 'key/00000000-0000-4000-8000-000000000001'),
    hashKeyArn: arnOf('kms', 'key/00000000-0000-4000-8000-000000000002'),
    dataKeyArn: arnOf('kms', 'key/00000000-0000-4000-8000-000000000003'),
  },
};

/** Declares them: a database `vicinity`, a secret for each of its roles, and a key of each kind. */
export function declareStandard(to: { rdsData: RdsData; secrets: Secrets; keys: KeyStore }): Standard {
  to.rdsData.declareCluster({ arn: standard.clusterArn, databaseName: 'vicinity' });
  for (const [name, arn] of Object.entries(standard.secrets)) {
    to.secrets.declare({ arn, template: { username: `vicinity_${name}` } });
  }
  to.keys.declare({ arn: standard.keys.tokenKeyArn, spec: 'ECC_NIST_P256' });
  to.keys.declare({ arn: standard.keys.hashKeyArn, spec: 'HMAC_256' });
  to.keys.declare({ arn: standard.keys.dataKeyArn, spec: 'SYMMETRIC_DEFAULT' });
  return standard;
}
