import { randomBytes } from 'node:crypto';

/** Secrets of providers that exist in the demo only: nothing outside takes them. */
export const demoSecrets = {
  facebookAppSecret: 'demo-facebook-app-secret',
  twilioAccountSid: 'AC00000000000000000000000000000000',
  twilioAuthToken: 'demo-twilio-auth-token',
} as const;

/** The environment that the demo's services get: the caller's, with the stand-in in the place of the providers. */
export function demoEnv(env: NodeJS.ProcessEnv, dataDir: string, standInUrl: string): NodeJS.ProcessEnv {
  return {
    ...env,
    DATA_DIR: dataDir,
    // On Kafka, a demo has topics of its own as it has a directory of its own: it counts what it finds.
    KAFKA_PREFIX: `${env.KAFKA_PREFIX?.trim() ?? ''}demo-${randomBytes(4).toString('hex')}.`,
    // It signs for the local address.
    PUBLIC_URL: '',
    FACEBOOK_APP_ID: '100200300',
    FACEBOOK_APP_SECRET: demoSecrets.facebookAppSecret,
    FACEBOOK_WEBHOOK_SECRET: 'demo-facebook-webhook-secret',
    FACEBOOK_API_URL: standInUrl,
    TWILIO_ACCOUNT_SID: demoSecrets.twilioAccountSid,
    TWILIO_AUTH_TOKEN: demoSecrets.twilioAuthToken,
    TWILIO_API_URL: standInUrl,
    OUTBOUND_ALLOW: '127.0.0.0/8',
  };
}
