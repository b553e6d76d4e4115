// GET /api/config: what the dashboard must know about its environment, so that one build serves all environments.
import { MQTT_TLS_PORT } from '../../../../domain/ingress.ts';
import { type Context, PLAIN_HEADERS, supabaseUrl } from '../context.ts';

/** The answer. Public: anybody may read it. */
export interface PublicConfig {
  /** Base of `/auth/v1` and `/rest/v1`. */
  supabaseUrl: string;
  publishableKey: string;
  /** Where devices connect, with TLS. */
  brokerHost: string;
  brokerPort: number;
  /** Devices have to trust this environment's own CA, which is at `/api/ca.pem`. */
  hasCa: boolean;
  /** False where the auth service writes its mails into a log instead of sending them. */
  sendsMail: boolean;
  /** False where the auth service has no second factors. */
  hasSecondFactor: boolean;
  /** False where nobody can ask questions. */
  hasQuestions: boolean;
  /** "local", "dev" or "prod". */
  environment: string;
}

/** 500 names the binding that is missing. */
export function onRequestGet(context: Context): Response {
  const { env } = context;
  const missing = (['SUPABASE_PUBLISHABLE_KEY', 'BROKER_HOST'] as const).filter((name) => !env[name]);
  if (missing.length > 0) {
    const error = `${missing.join(' and ')} not set: set it among the site's variables`;
    return Response.json({ error }, { status: 500, headers: PLAIN_HEADERS });
  }
  const config: PublicConfig = {
    supabaseUrl: supabaseUrl(context),
    publishableKey: env.SUPABASE_PUBLISHABLE_KEY!,
    brokerHost: env.BROKER_HOST!,
    brokerPort: Number(env.BROKER_PORT || MQTT_TLS_PORT),
    hasCa: Boolean(env.BROKER_CA),
    sendsMail: env.SENDS_MAIL !== 'no',
    hasSecondFactor: env.SECOND_FACTOR !== 'no',
    hasQuestions: Boolean(env.QUESTIONS_URL),
    environment: env.ENVIRONMENT || 'dev',
  };
  return Response.json(config, { headers: PLAIN_HEADERS });
}
