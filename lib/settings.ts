import type { App } from 'aws-cdk-lib/core';
import * as z from 'zod/mini';

// `cdk deploy -c key=value` hands every value over as text, while cdk.json holds real numbers and booleans.
const number = z.coerce.number().check(z.minimum(0), z.maximum(256));
const boolean = z.union([z.boolean(), z.stringbool()]);

const Settings = z.strictObject({
  /** Aurora capacity units. 0 lets an idle cluster pause itself, which it never is while sweeps come each minute. */
  min_capacity: number,
  max_capacity: number,
  /** Minutes between two looks for due timers and for events that no nudge announced. */
  sweep_minutes: z.coerce.number().check(z.int(), z.minimum(1), z.maximum(1440)),
  /** A second instance in the other availability zone, which takes over within a minute. */
  standby: boolean,
  /** Off only where losing the data is acceptable: keys, buckets and snapshots then go with their stack. */
  deletion_protection: boolean,
  /** ARN of a backup vault in another region, or '' for no second copy. */
  backup_copy_vault_arn: z.string(),
  /** Any other text runs the migration again: after the rotation of a database password. */
  migration_run: z.string(),
  /** Who is told of alarms, or '' for nobody. */
  alarm_email: z.string(),
  /** Web origins that may call the API and upload files. */
  cors_origins: z.array(z.string()).check(z.minLength(1)),
  /** Marketplace slug to its own domain and the ARN of the certificate for it, in the region of the stack. */
  domains: z.record(z.string(), z.strictObject({ name: z.string(), certificate_arn: z.string() })),
  /** `Name <address>` or an address, of a domain that SES has verified. */
  email_from: z.string().check(z.includes('@')),
  /** Pool id, phone number id or sender id in AWS End User Messaging. */
  sms_origination_identity: z.string().check(z.minLength(1)),
  /** Id of the WhatsApp number in AWS End User Messaging Social. */
  whatsapp_phone_number_id: z.string().check(z.minLength(1)),
  /** Names of the platform applications in SNS: APNS for iPhones, GCM (Firebase) for Android and browsers. */
  push_apns_application: z.string().check(z.minLength(1)),
  push_fcm_application: z.string().check(z.minLength(1)),
  /** Base URL of Cashfree's verification API: production, or its sandbox. */
  aadhaar_api_url: z.url(),
  /** Base URL of Paytm: production, or its staging. */
  paytm_api_url: z.url(),
  /** Base URL of Bolt: production, or its sandbox. */
  bolt_api_url: z.url(),
  /** Base URL of Tesla's Fleet API for the region of the deployment. */
  tesla_api_url: z.url(),
  /** Where Tesla sends people back to, as it is registered with Tesla. */
  tesla_redirect_uri: z.url(),
});

/** What differs from one deployment to the next. The values stand in cdk.json under `vicinity:<name>`. */
export type Settings = z.infer<typeof Settings>;

/**
 * Reads the settings from the context of the app.
 *
 * @throws Error with one line for each value that is missing or wrong
 */
export function readSettings(app: App): Settings {
  const values = Object.keys(Settings.shape).map(name => [name, app.node.tryGetContext(`vicinity:${name}`)]);
  const parsed = z.safeParse(Settings, Object.fromEntries(values));
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map(issue => `vicinity:${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`The context of the app is not usable.\n${lines.join('\n')}`);
}
